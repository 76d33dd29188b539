import { textsOf } from "../texts.js";
import { emptyCells, itemCells } from "./item_row.js";
import { Pages } from "./pages.js";
import { Pictures } from "./pictures.js";
import { VirtualRows } from "./virtual_rows.js";

/**
 * @import { LoopServer } from "../server.js"
 * @import { Item, Loop } from "../../../types/server.d.ts"
 */

const ROW_HEIGHT = 84;
/** Size of thumbnails in px, sharp on a screen with a pixel ratio of 2. */
const PICTURE_SIZE = 160;

/** Sources next to their results: all images of a loop, or only those that failed. */
export class Gallery {
  #server;
  #failedOnly;
  #loop;
  #pages;
  #rows;
  #changes = "";

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Loop} given.loop
   * @param {boolean} given.failedOnly
   * @param {(index: number) => void} given.opened - called when the user chooses an image
   * @param {() => void} given.arrived - called when more images are known
   */
  constructor({ server, loop, failedOnly, opened, arrived }) {
    this.#server = server;
    this.#loop = loop;
    this.#failedOnly = failedOnly;
    const state = failedOnly ? "failed" : undefined;
    this.#pages = new Pages(
      (start, count) => server.items(loop.id, { start, count, state }),
      () => {
        this.#rows.draw();
        arrived();
      },
    );
    this.#rows = new VirtualRows({
      label: textsOf(loop)(failedOnly ? "panel.tab.failed" : "panel.tab.all"),
      rowHeight: ROW_HEIGHT,
      keyOf: (index) => this.#keyOf(this.item(index)),
      cellsOf: (index) => this.#cellsOf(this.item(index)),
      inView: (first, end) => this.#pages.want(first, end),
      opened,
    });
    this.show(loop);
  }

  get element() {
    return this.#rows.element;
  }

  /** The number of images. */
  get total() {
    return this.#rows.total;
  }

  /**
   * The image at an index in the list; undefined until the server has sent it.
   *
   * @param {number} index
   */
  item(index) {
    return this.#pages.item(index);
  }

  /** The selected image; undefined until the server has sent it. */
  get chosen() {
    return this.item(this.#rows.chosen);
  }

  /** The images that the server has sent. */
  get items() {
    return this.#pages.items;
  }

  /**
   * Select an image and scroll it into view.
   *
   * @param {number} index
   */
  choose(index) {
    this.#rows.choose(index);
  }

  /**
   * Show the loop's current state.
   *
   * @param {Loop} loop
   */
  show(loop) {
    this.#loop = loop;
    const { batch, total, pending, running, finishing, done, failed, current } = loop;
    const places = current.map(({ index }) => index);
    const changes = JSON.stringify([batch, pending, running, finishing, done, failed, places]);
    if (this.#changes && changes !== this.#changes) this.#pages.refresh();
    this.#changes = changes;
    this.#rows.total = this.#failedOnly ? failed : total;
  }

  /** Stop showing anything. */
  close() {
    this.#pages.close();
    this.#rows.close();
  }

  /** @param {Item | undefined} item */
  #keyOf(item) {
    return item ? JSON.stringify([this.#loop.batch, item]) : "";
  }

  /** @param {Item | undefined} item */
  #cellsOf(item) {
    if (!item) return emptyCells();
    return itemCells(item, new Pictures(this.#server, this.#loop, PICTURE_SIZE));
  }
}
