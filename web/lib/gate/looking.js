/** @import { Batch } from "./batch.js" */
/** @import { Batches } from "./batches.js" */
/** @import { OnScreen } from "./on_screen.js" */

/** How often the page looks which workflow is on the screen, in ms. */
const LOOK_MS = 250;
/**
 * How many times in a row a batch's workflow must be seen before it counts as back: while ComfyUI
 * opens another one, its nodes, its id and its name change one after the other.
 */
const SEEN = 2;

/** While the page runs batches, looks whether their workflows leave the screen, and come back. */
export class Looking {
  #batches;
  #screen;
  #every;
  #look;
  #isBack;
  /** Ends the looking; null while there is nothing to look for. @type {(() => void) | null} */
  #end = null;

  /**
   * @param {object} parts
   * @param {Batches} parts.batches
   * @param {Pick<OnScreen, "has">} parts.screen
   * @param {() => void} parts.look - called each time
   * @param {(batch: Batch) => void} parts.isBack - called when the workflow of one that is away is
   *   on the screen
   * @param {(look: () => void) => () => void} [parts.every] - calls `look` again and again; returns
   *   what ends that
   */
  constructor({ batches, screen, look, isBack, every = defaultEvery }) {
    this.#batches = batches;
    this.#screen = screen;
    this.#every = every;
    this.#look = look;
    this.#isBack = isBack;
  }

  /** Batches have begun or ended. */
  renew() {
    const isNeeded = this.#batches.all.length > 0;
    if (isNeeded && !this.#end) this.#end = this.#every(() => this.#turn());
    if (isNeeded || !this.#end) return;
    this.#end();
    this.#end = null;
  }

  #turn() {
    this.#look();
    for (const batch of [...this.#batches.away]) {
      const isThere = this.#screen.has(batch) && batch.sending === null;
      batch.seen = isThere ? batch.seen + 1 : 0;
      if (batch.seen >= SEEN) this.#isBack(batch);
    }
  }
}

/** @param {() => void} look */
function defaultEvery(look) {
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}
