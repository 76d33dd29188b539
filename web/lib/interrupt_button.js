/**
 * ComfyUI's button that interrupts the running prompt in different frontends: next to Run, or first
 * in its own group. It cannot be found by its label, which is translated.
 */
const BUTTON = [
  ".execution-actions > button:first-child",
  ':has([data-testid="queue-button"]) + button:not([data-testid])',
].join(",");
/**
 * The route that every frontend uses to interrupt the running prompt, however Cancel was invoked.
 */
const REQUEST = /\/interrupt$/;

/**
 * Call `pressed` each time somebody presses Cancel.
 *
 * Between two prompts of a fast workflow, ComfyUI ignores Cancel: its button is disabled for a
 * moment, and the keyboard shortcut's request finds no running prompt. So this checks whether the
 * pointer is over the button when pressed and released, and observes the page's requests.
 *
 * @param {() => void} pressed
 */
export function onCancel(pressed) {
  let isDown = false;
  window.addEventListener("pointerdown", (event) => (isDown = isOnButton(event)), true);
  window.addEventListener(
    "pointerup",
    (event) => {
      if (isDown && isOnButton(event)) pressed();
      isDown = false;
    },
    true,
  );
  new PerformanceObserver((made) => {
    if (made.getEntries().some(({ name }) => REQUEST.test(new URL(name).pathname))) pressed();
  }).observe({ type: "resource" });
}

/**
 * Whether the pointer's main button was used over Cancel. A disabled button passes the event to the
 * elements around it, so its position counts.
 *
 * @param {PointerEvent} event
 */
function isOnButton({ button, clientX, clientY, target }) {
  if (button !== 0 || !(target instanceof Element)) return false;
  return [...document.querySelectorAll(BUTTON)].some((cancel) => {
    const { left, right, top, bottom } = cancel.getBoundingClientRect();
    const isInside = left <= clientX && clientX <= right && top <= clientY && clientY <= bottom;
    return isInside && (target.contains(cancel) || cancel.contains(target));
  });
}
