/** ComfyUI's own messages, by how each frontend calls them; the last one is of an error. */
const TOASTS = ".p-toast-message, [data-testid=toast], [data-testid=error-overlay]";
const GAP = 8;

/** What ends the movement of a message. */
const MOVED = ["transitionend", "animationend"];

/**
 * Keeps notices where ComfyUI's own messages do not cover them: these come and go, are as high as
 * their texts, and lie at another place beside a side bar.
 */
export class BelowToasts {
  #place;
  #isDue = false;
  #observer = new MutationObserver((records) => this.#changed(records));

  /** @param {HTMLElement} place - what has the notices */
  constructor(place) {
    this.#place = place;
    addEventListener("resize", () => this.#moveSoon());
    for (const moved of MOVED) {
      document.addEventListener(moved, ({ target }) => hasMoved(target) && this.#moveSoon(), true);
    }
  }

  /** Begin to follow the messages as there is a notice, or end it as there is none. */
  follow() {
    this.#observer.disconnect();
    if (this.#place.childElementCount === 0) return;
    this.#observer.observe(document.body, { childList: true, subtree: true });
    this.#moveSoon();
  }

  /** @param {MutationRecord[]} records */
  #changed(records) {
    const isNews = records.some(({ addedNodes, removedNodes }) =>
      [...addedNodes, ...removedNodes].some(hasMoved),
    );
    if (isNews) this.#moveSoon();
  }

  #moveSoon() {
    if (this.#isDue || this.#place.childElementCount === 0) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#move();
    });
  }

  #move() {
    const { style } = this.#place;
    style.top = "";
    const own = this.#place.getBoundingClientRect();
    const covering = [...document.querySelectorAll(TOASTS)]
      .map((each) => each.getBoundingClientRect())
      .filter(({ left, right, bottom }) => left < own.right && right > own.left && bottom > own.top);
    if (covering.length > 0) style.top = `${Math.max(...covering.map(({ bottom }) => bottom)) + GAP}px`;
  }
}

/**
 * Whether a message is this node, is in it, or has it.
 *
 * @param {EventTarget | null} node
 */
function hasMoved(node) {
  return node instanceof Element && (node.closest(TOASTS) ?? node.querySelector(TOASTS)) !== null;
}
