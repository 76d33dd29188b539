import { attributed, element, icon } from "../dom.js";
import { isRow, titleOf } from "../items.js";
import { t } from "../texts.js";
import { Tile } from "../tile.js";

/**
 * @import { LoopServer } from "../server.js"
 * @import { Item, Loop } from "../../../types/server.d.ts"
 */

/** How many results of an image are shown in its row. */
export const SHOWN = 4;

/** Thumbnails of a loop's images. */
export class Pictures {
  #server;
  #loop;
  #size;

  /**
   * @param {LoopServer} server
   * @param {Loop} loop
   * @param {number} size - of the longer side, in px
   */
  constructor(server, loop, size) {
    this.#server = server;
    this.#loop = loop;
    this.#size = size;
  }

  /**
   * The source, or an icon if the file cannot be read.
   *
   * @param {Item} item
   */
  source(item) {
    const { stopped_on: stopped } = this.#loop;
    const failure = item.state === "failed" ? item : stopped?.path === item.path ? stopped : null;
    if (failure?.unreadable) return element("span", "picture batch-loop-picture-failed", icon("ban"));
    if (isRow(item)) return tileOf(item);
    return this.#picture(item, t("panel.picture.source", { name: titleOf(item) }));
  }

  /**
   * The first results in one square; null if there is none.
   *
   * @param {Item} item
   */
  results(item) {
    if (item.state !== "done" || !item.outputs.length) return null;
    const name = t("panel.picture.result", { name: titleOf(item) });
    const [first, ...others] = item.outputs
      .slice(0, SHOWN)
      .map((file, output) => (isText(file) ? text(name) : this.#picture(item, name, output)));
    return others.length ? element("span", "picture batch-loop-pictures", first, ...others) : first;
  }

  /**
   * @param {Item} item
   * @param {string} description
   * @param {number} [output]
   */
  #picture(item, description, output) {
    const image = document.createElement("img");
    image.alt = description;
    image.loading = "lazy";
    image.decoding = "async";
    image.draggable = false;
    const place = element("span", "picture", image);
    image.addEventListener("error", () => {
      if (image.getAttribute("src")) place.replaceChildren(icon("ban"));
    });
    const address = this.#server.thumbnail(this.#loop.id, item.path, { output, size: this.#size });
    // A page reuses the image of a URL without asking the server, but a run may have rewritten it.
    image.src = `${address}#${this.#loop.batch}-${item.attempts}-${item.seconds}`;
    return place;
  }
}

/** @param {Item} item */
function tileOf(item) {
  const tile = new Tile("picture");
  tile.show(item);
  return tile.element;
}

/** @param {string} file */
function isText(file) {
  return /\.(txt|caption|json|csv|md)$/i.test(file);
}

/** @param {string} name */
function text(name) {
  return attributed(element("span", "picture", icon("align-left")), { role: "img", "aria-label": name });
}
