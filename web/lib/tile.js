import { attributed, element, setText } from "./dom.js";
import { lettersOf, titleOf } from "./items.js";

/** @import { Named } from "./items.js" */

/** What stands for a row where an image would have its picture. */
export class Tile {
  element;

  /** @param {string} name - of the class of such pictures, without the pack's prefix */
  constructor(name) {
    this.element = attributed(element("span", `${name} batch-loop-tile`), { "aria-hidden": "true" });
    this.element.hidden = true;
  }

  /** @param {Named | null} item - null for nothing */
  show(item) {
    this.element.hidden = item === null;
    setText(this.element, item ? lettersOf(item) : "");
    this.element.title = item ? titleOf(item) : "";
  }
}
