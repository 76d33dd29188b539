/**
 * @import { QueuePlace } from "./gate/queue_places.js"
 * @import { Waiting } from "./take_back.js"
 */

/**
 * Knows the places in ComfyUI's queue of prompts that were there when the page was loaded: after a
 * reload it goes on with no batch, but what it has sent before still runs.
 */
export class EarlierPrompts {
  #waiting;
  #loopOf;
  #changed;
  /** The loops of those that still wait, by their ids; null until they are known. */
  #loops = /** @type {Map<string, string[]> | null} */ (null);
  /** By loop. @type {Map<string, QueuePlace>} */
  #places = new Map();
  /** How many times it was looked: an answer to an earlier look is obsolete. */
  #looks = 0;

  /**
   * @param {object} given
   * @param {() => Promise<Waiting[] | null>} given.waiting - the prompts of batches that this page
   *   has sent and that wait, the next one first; null if ComfyUI does not say
   * @param {(which: Waiting["which"][number]) => Promise<string | null>} given.loopOf - asks the
   *   server for a loop's id
   * @param {() => void} given.changed - called when a place may have changed
   */
  constructor({ waiting, loopOf, changed }) {
    this.#waiting = waiting;
    this.#loopOf = loopOf;
    this.#changed = changed;
  }

  /**
   * The place of the next of them that is of this loop; null if none is.
   *
   * @param {string} loop
   */
  placeOf(loop) {
    return this.#places.get(loop) ?? null;
  }

  /** The page was loaded, or the queue has changed: look, unless none of them waits any more. */
  async look() {
    if (this.#loops?.size === 0) return;
    const look = (this.#looks += 1);
    const waiting = await this.#waiting();
    if (!waiting) return;
    const loops = this.#loops ?? (await this.#loopsOf(waiting));
    if (look !== this.#looks) return;
    const left = waiting.filter(({ prompt }) => loops.has(prompt));
    this.#loops = new Map(left.map(({ prompt }) => [prompt, loops.get(prompt) ?? []]));
    this.#places.clear();
    for (const { prompt, before } of left) {
      for (const loop of loops.get(prompt) ?? []) {
        if (!this.#places.has(loop)) this.#places.set(loop, { before, isNew: false });
      }
    }
    if (loops.size > 0) this.#changed();
  }

  /** @param {Waiting[]} waiting */
  async #loopsOf(waiting) {
    // Many prompts may wait, most of them of the same loop.
    const asked = new Map(waiting.flatMap(({ which }) => which).map((each) => [keyOf(each), each]));
    /** @type {Map<string, string | null>} */
    const found = new Map();
    await Promise.all([...asked].map(async ([key, each]) => found.set(key, await this.#loopOf(each))));
    return new Map(
      waiting.map(({ prompt, which }) => [prompt, which.flatMap((each) => found.get(keyOf(each)) ?? [])]),
    );
  }
}

/** @param {Waiting["which"][number]} which */
function keyOf(which) {
  return JSON.stringify(which);
}
