/** @import { Point } from "./zoom.js" */

/** A pointer that has moved by less than this has not moved, in CSS px. */
const STILL = 6;
/** The longest time between the two presses of a double one, in ms, and the farthest apart. */
const DOUBLE_MS = 350;
const DOUBLE_PX = 30;
/** The shortest swipe, in CSS px. */
const SWIPE = 60;
/** How much faster a swipe has to go sideways than up or down. */
const SIDEWAYS = 2;

/** Zoom for one px of a wheel, and for one of a touchpad's pinch, which browsers call a wheel. */
const WHEEL = 0.0015;
const TOUCHPAD = 0.01;
const LINE_PX = 16;

/**
 * @typedef {object} Told
 * @property {(by: Point) => void} panned
 * @property {(before: [Point, Point], after: [Point, Point]) => void} pinched
 * @property {(factor: number, at: Point) => void} zoomed
 * @property {(at: Point) => void} pressedTwice
 * @property {(by: 1 | -1) => void} swiped - to the next image, or to the previous one
 * @property {() => boolean} maySwipe - whether moving sideways does not pan
 */

/** Tells what a mouse, a pen, a touchpad and fingers do on an element. */
export class Gestures {
  #place;
  #told;
  /** @type {Map<number, Point>} */
  #pointers = new Map();
  #began = { x: 0, y: 0 };
  #maySwipe = false;
  #isStill = false;
  #last = { x: 0, y: 0, time: -Infinity };

  /**
   * @param {HTMLElement} place
   * @param {Told} told
   */
  constructor(place, told) {
    this.#place = place;
    this.#told = told;
    place.addEventListener("pointerdown", (event) => this.#down(event));
    place.addEventListener("pointermove", (event) => this.#moved(event));
    place.addEventListener("pointerup", (event) => this.#up(event));
    place.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    place.addEventListener("dblclick", (event) => isOther(event) && told.pressedTwice(this.#at(event)));
    place.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || isOther(event)) return;
    const at = this.#at(event);
    this.#pointers.set(event.pointerId, at);
    this.#place.setPointerCapture(event.pointerId);
    const isFirst = this.#pointers.size === 1;
    this.#began = at;
    this.#isStill = isFirst;
    this.#maySwipe = isFirst && event.pointerType !== "mouse" && this.#told.maySwipe();
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const at = this.#at(event);
    if (distance(at, this.#began) > STILL) this.#isStill = false;
    const points = [...this.#pointers.values()];
    this.#pointers.set(event.pointerId, at);
    const now = [...this.#pointers.values()];
    if (now.length === 1) this.#told.panned({ x: at.x - before.x, y: at.y - before.y });
    else this.#told.pinched([points[0], points[1]], [now[0], now[1]]);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.#pointers.delete(event.pointerId) || this.#pointers.size) return;
    const at = this.#at(event);
    if (this.#isStill) this.#pressed(at, event.timeStamp);
    else if (this.#maySwipe) this.#swiped(at);
  }

  /**
   * @param {Point} at
   * @param {number} time
   */
  #pressed(at, time) {
    const isSecond = time - this.#last.time < DOUBLE_MS && distance(at, this.#last) < DOUBLE_PX;
    this.#last = { ...at, time: isSecond ? -Infinity : time };
    if (isSecond) this.#told.pressedTwice(at);
  }

  /** @param {Point} at */
  #swiped(at) {
    const [x, y] = [at.x - this.#began.x, at.y - this.#began.y];
    if (Math.abs(x) < Math.max(SWIPE, SIDEWAYS * Math.abs(y))) return;
    this.#told.swiped(x < 0 ? 1 : -1);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const px = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    this.#told.zoomed(Math.exp(-px * (event.ctrlKey ? TOUCHPAD : WHEEL)), this.#at(event));
  }

  /** @param {MouseEvent} event */
  #at(event) {
    const { left, top } = this.#place.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

/**
 * Whether an event is for something on the element that is dragged by its own rules.
 *
 * @param {Event} event
 */
function isOther(event) {
  return event.target instanceof Element && event.target.closest("[data-own-gestures]") !== null;
}

/**
 * @param {Point} one
 * @param {Point} other
 */
function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
