import { t } from "../texts.js";
import { emptyCells, itemCells } from "./item_row.js";
import { Pages } from "./pages.js";
import { Pictures } from "./pictures.js";
import { VirtualRows } from "./virtual_rows.js";

/**
 * @import { LoopServer } from "../server.js"
 * @import { Item, Loop } from "../../../types/server.d.ts"
 */

const ROW_HEIGHT = 84;
/** Of a picture, sharp on a screen with two dots to a px. */
const PICTURE_SIZE = 160;

/** Sources beside their results: all images of a loop, or those that failed. */
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
   * @param {(index: number) => void} given.opened - a person has chosen an image
   * @param {() => void} given.arrived - more is known of the images
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
      label: failedOnly ? t("panel.tab.failed") : t("panel.tab.all"),
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

  /** How many images there are to see. */
  get total() {
    return this.#rows.total;
  }

  /**
   * The image at a place in the list; undefined until the server has told it.
   *
   * @param {number} index
   */
  item(index) {
    return this.#pages.item(index);
  }

  /**
   * Make an image the chosen one, and bring it into view.
   *
   * @param {number} index
   */
  choose(index) {
    this.#rows.choose(index);
  }

  /**
   * The loop stands like this now.
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

  /** Nothing is to be shown any more. */
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
