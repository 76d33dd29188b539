import { attributed, element, setText } from "../dom.js";
import { t } from "../texts.js";
import { iconButton } from "./icon_button.js";
import { words } from "./item_row.js";
import { Pictures } from "./pictures.js";

/**
 * @import { LoopServer } from "../server.js"
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { Gallery } from "./gallery.js"
 */

const PICTURE_SIZE = 512;

/** A large view of one image of a gallery, with its result below. */
export class Viewer {
  element;
  #server;
  #gallery;
  #loop;
  #index;
  #shown = "";
  #place = element("span", "viewer-place");
  #body = element("div", "viewer-body");

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Gallery} given.gallery
   * @param {Loop} given.loop
   * @param {number} given.index - of the image in the gallery
   * @param {() => void} given.closed - called when the user closes it
   */
  constructor({ server, gallery, loop, index, closed }) {
    this.#server = server;
    this.#gallery = gallery;
    this.#loop = loop;
    this.#index = index;
    const back = iconButton("viewer-back", "arrow-left", t("panel.viewer.back"), closed);
    const step = (/** @type {number} */ by) => () => this.#step(by);
    const before = labelled(iconButton("step", "chevron-left", "", step(-1)), "panel.viewer.before");
    const after = labelled(iconButton("step", "chevron-right", "", step(1)), "panel.viewer.after");
    const head = element("div", "viewer-head", back, this.#place, before, after);
    this.element = element("div", "viewer", head, this.#body);
    this.element.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by) this.#step(by);
      else if (event.key === "Escape") closed();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.show(loop);
  }

  /** Focus it. */
  focus() {
    this.element.querySelector("button")?.focus();
  }

  /**
   * Update it: the loop has changed, or more of its gallery is known.
   *
   * @param {Loop} loop
   */
  show(loop) {
    this.#loop = loop;
    const { total } = this.#gallery;
    setText(this.#place, t("panel.viewer.place", { number: this.#index + 1, total }));
    const item = this.#gallery.item(this.#index);
    const shown = JSON.stringify([loop.batch, item]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!item) return this.#body.replaceChildren();
    const pictures = new Pictures(this.#server, loop, PICTURE_SIZE);
    const result = pictures.result(item);
    this.#body.replaceChildren(words(item), pictures.source(item), ...(result ? [result] : []));
  }

  /** @param {number} by */
  #step(by) {
    const index = this.#index + by;
    if (index < 0 || index >= this.#gallery.total) return;
    this.#index = index;
    this.#gallery.choose(index);
    this.show(this.#loop);
  }
}

/**
 * @param {HTMLButtonElement} made
 * @param {string} path - of the text for its label
 */
function labelled(made, path) {
  return attributed(made, { "aria-label": t(path), title: t(path) });
}
