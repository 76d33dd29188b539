/**
 * ComfyUI's button that interrupts the running prompt, in its frontends: beside Run, or the first
 * of a group of its own. Its label is in the person's language.
 */
const BUTTON = [
  ".execution-actions > button:first-child",
  ':has([data-testid="queue-button"]) + button:not([data-testid])',
].join(",");
/** Where every frontend asks the server to interrupt what runs, however a person wanted that. */
const REQUEST = /\/interrupt$/;

/**
 * Tell of each time that a person presses Cancel.
 *
 * Between two prompts of a fast workflow ComfyUI itself does nothing with that: its button is
 * switched off for a moment, and what a key asks the server for finds no prompt. So the button is
 * looked at where the pointer was pressed and let go, and the page's requests once they are made.
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
 * Whether the main button of the pointer is over Cancel. What is switched off passes the event to
 * what lies around it.
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
