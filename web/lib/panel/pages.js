/** @import { Item, Items } from "../../../types/server.d.ts" */

/** How many images one request asks for, and how many requests are in progress at most. */
const SIZE = 100;
const AT_ONCE = 2;
/** How many pages are kept: those in view, and those that the user may scroll back to. */
const KEPT = 40;

/**
 * A long list of images, fetched in pages as they come into view, and cached.
 *
 * A page that is scrolled past before its turn is never requested.
 */
export class Pages {
  #fetch;
  #arrived;
  /**
   * The most recently fetched page is last.
   *
   * @type {Map<number, { items: Item[], version: number }>}
   */
  #pages = new Map();
  /** @type {Set<number>} */
  #underWay = new Set();
  /** @type {[number, number][]} */
  #wanted = [];
  #version = 0;
  #closed = false;

  /**
   * @param {(start: number, count: number) => Promise<Items>} fetch
   * @param {() => void} arrived - called when more has been loaded
   */
  constructor(fetch, arrived) {
    this.#fetch = fetch;
    this.#arrived = arrived;
  }

  /**
   * The image at an index, which may be out of date; undefined until it is loaded.
   *
   * @param {number} index
   */
  item(index) {
    return this.#pages.get(Math.floor(index / SIZE))?.items[index % SIZE];
  }

  /** The images of all pages that are kept. */
  get items() {
    return [...this.#pages.values()].flatMap(({ items }) => items);
  }

  /**
   * These indexes are in view.
   *
   * @param {number} first
   * @param {number} end - the first that is not in view
   */
  want(first, end) {
    this.wantAll([[first, end]]);
  }

  /**
   * The indexes of these ranges are in view, each without its end.
   *
   * @param {[number, number][]} ranges
   */
  wantAll(ranges) {
    this.#wanted = ranges;
    this.#go();
  }

  /** The cached pages may be out of date: fetch those in view again. */
  refresh() {
    this.#version += 1;
    this.#go();
  }

  /** Ignore answers to requests in progress. */
  close() {
    this.#closed = true;
  }

  #go() {
    for (const [first, end] of this.#wanted) {
      for (let page = Math.floor(first / SIZE); page * SIZE < end; page += 1) {
        if (this.#closed || this.#underWay.size >= AT_ONCE) return;
        if (this.#pages.get(page)?.version !== this.#version && !this.#underWay.has(page)) {
          this.#ask(page);
        }
      }
    }
  }

  /** @param {number} page */
  async #ask(page) {
    this.#underWay.add(page);
    const version = this.#version;
    try {
      const { items } = await this.#fetch(page * SIZE, SIZE);
      this.#keep(page, { items, version });
    } catch {
      return; // the code that follows the loop reports errors, and refreshes this
    } finally {
      this.#underWay.delete(page);
    }
    if (this.#closed) return;
    this.#arrived();
    this.#go();
  }

  /**
   * @param {number} page
   * @param {{ items: Item[], version: number }} answer
   */
  #keep(page, answer) {
    this.#pages.delete(page);
    this.#pages.set(page, answer);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > KEPT) this.#pages.delete(oldest);
  }
}
