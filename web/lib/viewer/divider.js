import { attributed, element, icon } from "../dom.js";
import { t } from "../texts.js";

const STEP = 2;
const FAR = 10;
const MIDDLE = 0.5;

/** A line between source and result that is dragged sideways; its place is a part of the width. */
export class Divider {
  element;
  #at = MIDDLE;
  /** How far from the line it is held, in px. */
  #held = 0;
  #moved;

  /** @param {() => void} moved - called when the user has moved it */
  constructor(moved) {
    this.#moved = moved;
    this.element = attributed(element("div", "viewer-divider", icon("arrows-h")), {
      role: "slider",
      tabindex: 0,
      "aria-label": t("panel.viewer.divider"),
      "aria-orientation": "horizontal",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "data-own-gestures": "",
    });
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.element.setPointerCapture(event.pointerId);
      const { left, width } = this.element.getBoundingClientRect();
      this.#held = event.clientX - (left + width / 2);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) this.#dragged(event.clientX - this.#held);
    });
    this.#put(this.#at);
  }

  /** The part of the width to its left, 0 to 1. */
  get at() {
    return this.#at;
  }

  /** Put it where a picture begins to be looked at. */
  center() {
    this.#put(MIDDLE);
  }

  /** @param {number} x - in the page */
  #dragged(x) {
    const { left, width } = /** @type {Element} */ (this.element.parentElement).getBoundingClientRect();
    this.#put((x - left) / width);
    this.#moved();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const step = event.shiftKey ? FAR : STEP;
    const moves = { ArrowLeft: -step, ArrowRight: step, PageDown: -FAR, PageUp: FAR };
    const ends = { Home: 0, End: 1 };
    if (event.key in ends) this.#put(ends[/** @type {keyof ends} */ (event.key)]);
    else if (event.key in moves) {
      this.#put(this.#at + moves[/** @type {keyof moves} */ (event.key)] / 100);
    } else return;
    event.preventDefault();
    event.stopPropagation(); // these keys go to another image elsewhere
    this.#moved();
  }

  /** @param {number} at */
  #put(at) {
    this.#at = Math.min(1, Math.max(0, at));
    this.element.style.left = `${this.#at * 100}%`;
    this.element.setAttribute("aria-valuenow", `${Math.round(this.#at * 100)}`);
  }
}
