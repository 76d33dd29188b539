import { attributed, element } from "../dom.js";
import { t } from "../texts.js";
import { Divider } from "./divider.js";
import { Gestures } from "./gestures.js";
import { Layer } from "./layer.js";
import { carried, fitted, fullScale, isFitted, kept, panned, pinched, toggled, zoomed } from "./zoom.js";

/** @import { Scene, Size, View, Point } from "./zoom.js" */

/** From this scale on, the pixels of an image are seen as squares. */
const SQUARES = 4;
const STEP = 1.4;
/** How far a key pans, as a part of the stage. */
const PAN = 0.15;

/**
 * @typedef {object} Picture
 * @property {string} address
 * @property {string} thumbnail - the address of a small one
 * @property {string} description
 * @property {Size} size - in pixels, upright
 */

/** The place where a source, a result, or both with a divider between them are looked at. */
export class Stage {
  element;
  #told;
  #source = new Layer("source");
  #result = new Layer("result");
  #box = element("div", "viewer-box", this.#source.element, this.#result.element);
  #divider = new Divider(() => this.#draw());
  /** @type {Size | null} null while nothing is shown */
  #image = null;
  /** @type {Scene | null} null until there is something to show, and room for it */
  #scene = null;
  /** @type {View} */
  #view = { scale: 1, x: 0, y: 0 };
  #resized = new ResizeObserver(() => this.#measure());

  /**
   * @param {object} told
   * @param {(percent: number, isFitted: boolean) => void} told.zoomed - called when the scale has
   *   changed
   * @param {(by: 1 | -1) => void} told.swiped - called when the user wants another image
   */
  constructor(told) {
    this.#told = told;
    this.element = attributed(element("div", "viewer-stage", this.#box, this.#divider.element), {
      role: "group",
      tabindex: 0,
      "aria-label": t("panel.viewer.stage"),
    });
    new Gestures(this.element, {
      panned: (by) => this.#change((view, scene) => panned(view, by, scene)),
      pinched: (from, to) => this.#change((view, scene) => pinched(view, from, to, scene)),
      zoomed: (factor, at) => this.#change((view, scene) => zoomed(view, factor, at, scene)),
      pressedTwice: (at) => this.#change((view, scene) => toggled(view, at, scene)),
      swiped: told.swiped,
      maySwipe: () => !this.#scene || isFitted(this.#view, this.#scene),
    });
    this.#resized.observe(this.element);
  }

  /**
   * Show pictures: one of them, or both with a divider between them.
   *
   * @param {Picture | null} source
   * @param {Picture | null} result
   * @param {boolean} isOther - whether this is of another image than before, and seen as a whole
   */
  show(source, result, isOther) {
    this.#source.show(source);
    this.#result.show(result);
    this.#divider.element.hidden = !source || !result;
    this.#image = (result ?? source)?.size ?? null;
    if (isOther) {
      this.#scene = null;
      // Elsewhere it may be beside a narrower picture.
      this.#divider.center();
    }
    this.#measure();
  }

  /** Show the whole image. */
  fit() {
    this.#change((_, scene) => fitted(scene));
  }

  /** Show one pixel of the image as one of the screen. */
  full() {
    this.#change((view, scene) => zoomed(view, fullScale(scene) / view.scale, middle(scene), scene));
  }

  /** From the whole image to 100 %, or back. */
  toggle() {
    this.#change((view, scene) => toggled(view, middle(scene), scene));
  }

  /** @param {1 | -1} by - nearer or farther */
  zoom(by) {
    this.#change((view, scene) => zoomed(view, STEP ** by, middle(scene), scene));
  }

  /**
   * Show what is more to the right, or below.
   *
   * @param {number} x - -1, 0 or 1
   * @param {number} y - -1, 0 or 1
   */
  pan(x, y) {
    this.#change((view, scene) => {
      const { width, height } = scene.stage;
      return panned(view, { x: -x * width * PAN, y: -y * height * PAN }, scene);
    });
  }

  /** Stop showing anything. */
  close() {
    this.#resized.disconnect();
    this.#source.show(null);
    this.#result.show(null);
  }

  /** The image or the room for it has changed. */
  #measure() {
    const { clientWidth: width, clientHeight: height } = this.element;
    this.#box.hidden = !this.#image;
    if (!this.#image || !width || !height) return;
    const before = this.#scene;
    const scene = { image: this.#image, stage: { width, height }, density: window.devicePixelRatio };
    if (!before) this.#view = fitted(scene);
    else if (before.image !== scene.image) this.#view = carried(this.#view, before, scene);
    else this.#view = isFitted(this.#view, before) ? fitted(scene) : kept(this.#view, scene);
    this.#scene = scene;
    this.#draw();
  }

  /** @param {(view: View, scene: Scene) => View} change */
  #change(change) {
    if (!this.#scene) return;
    this.#view = change(this.#view, this.#scene);
    this.#draw();
  }

  #draw() {
    const scene = this.#scene;
    if (!scene) return;
    const { scale, x, y } = this.#view;
    const { width, height } = scene.image;
    Object.assign(this.#box.style, {
      width: `${width}px`,
      height: `${height}px`,
      transform: `translate(${x}px, ${y}px) scale(${scale})`,
    });
    this.#box.classList.toggle("batch-loop-viewer-squares", scale >= SQUARES / scene.density);
    const isDivided = !this.#divider.element.hidden;
    const cut = (this.#divider.at * scene.stage.width - x) / scale;
    this.#result.cutAt(isDivided ? cut : 0);
    this.#source.cutAfter(isDivided ? width - cut : 0);
    this.#told.zoomed((scale / fullScale(scene)) * 100, isFitted(this.#view, scene));
  }
}

/**
 * @param {Scene} scene
 * @returns {Point}
 */
function middle({ stage }) {
  return { x: stage.width / 2, y: stage.height / 2 };
}
