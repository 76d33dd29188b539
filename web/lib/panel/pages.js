/** @import { Item, Items } from "../../../types/server.d.ts" */

/** How many images are asked for at once, and how many such questions are under way at most. */
const SIZE = 100;
const AT_ONCE = 2;
/** How many answers are kept: what is in view, and what somebody may scroll back to. */
const KEPT = 40;

/**
 * A long list of images, fetched in pages as they come into view, and kept.
 *
 * Who scrolls past a page before its turn has come never asks for it.
 */
export class Pages {
  #fetch;
  #arrived;
  /** @type {Map<number, { items: Item[], version: number }>} the one asked for last at the end */
  #pages = new Map();
  /** @type {Set<number>} */
  #underWay = new Set();
  #first = 0;
  #end = 0;
  #version = 0;
  #closed = false;

  /**
   * @param {(start: number, count: number) => Promise<Items>} fetch
   * @param {() => void} arrived - called when there is more to show
   */
  constructor(fetch, arrived) {
    this.#fetch = fetch;
    this.#arrived = arrived;
  }

  /**
   * The image at a place; undefined until it is there. What is there may be out of date.
   *
   * @param {number} index
   */
  item(index) {
    return this.#pages.get(Math.floor(index / SIZE))?.items[index % SIZE];
  }

  /**
   * These places are in view.
   *
   * @param {number} first
   * @param {number} end - the first that is not
   */
  want(first, end) {
    this.#first = first;
    this.#end = end;
    this.#go();
  }

  /** What is kept may be out of date: fetch what is in view again. */
  refresh() {
    this.#version += 1;
    this.#go();
  }

  /** What is under way comes too late. */
  close() {
    this.#closed = true;
  }

  #go() {
    for (let page = Math.floor(this.#first / SIZE); page * SIZE < this.#end; page += 1) {
      if (this.#closed || this.#underWay.size >= AT_ONCE) return;
      if (this.#pages.get(page)?.version !== this.#version && !this.#underWay.has(page)) {
        this.#ask(page);
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
      return; // who follows the loop tells of it, and asks for this again
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
