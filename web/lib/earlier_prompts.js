import { isFinal } from "./requests.js";

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
  /** The ids of those that still wait; null until they are known. @type {Set<string> | null} */
  #left = null;
  /**
   * What the server says, or will say, of their loops: each is asked about once, as for the answer
   * it may have to list a large folder.
   *
   * @type {Map<string, Promise<string | null>>}
   */
  #asked = new Map();
  /** By loop. @type {Map<string, QueuePlace>} */
  #places = new Map();
  /** How many times it was looked, and the last look that has told what waits. */
  #looks = 0;
  #newest = 0;

  /**
   * @param {object} given
   * @param {() => Promise<Waiting[] | null>} given.waiting - the prompts of batches that this page
   *   has sent and that wait, the next one first; null if ComfyUI does not say
   * @param {(which: Waiting["which"][number]) => Promise<string | null>} given.loopOf - asks the
   *   server for a loop's id; null if there is none
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
    if (this.#left?.size === 0) return;
    const look = (this.#looks += 1);
    const waiting = await this.#waiting();
    if (!waiting || look < this.#newest) return;
    this.#newest = look;
    const known = this.#left ?? idsOf(waiting);
    const left = waiting.filter(({ prompt }) => known.has(prompt));
    this.#left = idsOf(left);
    const loops = await Promise.all(left.map(({ which }) => this.#loopsOf(which)));
    if (look !== this.#newest) return;
    this.#places.clear();
    for (const [place, { before }] of left.entries()) {
      for (const loop of loops[place]) {
        if (loop !== null && !this.#places.has(loop)) this.#places.set(loop, { before, isNew: false });
      }
    }
    if (known.size > 0) this.#changed();
  }

  /** @param {Waiting["which"]} which */
  #loopsOf(which) {
    return Promise.all(which.map((each) => this.#idOf(each)));
  }

  /**
   * The id of a loop; null if there is none, or if the server cannot say yet.
   *
   * @param {Waiting["which"][number]} which
   */
  #idOf(which) {
    const key = keyOf(which);
    const answer = this.#asked.get(key) ?? this.#ask(key, which);
    this.#asked.set(key, answer);
    return answer;
  }

  /**
   * @param {string} key
   * @param {Waiting["which"][number]} which
   */
  async #ask(key, which) {
    try {
      return await this.#loopOf(which);
    } catch (error) {
      // The server, or the folder, may be back at the next look.
      if (!isFinal(error) || error.isFolderNotFound) this.#asked.delete(key);
      return null;
    }
  }
}

/** @param {Waiting[]} waiting */
function idsOf(waiting) {
  return new Set(waiting.map(({ prompt }) => prompt));
}

/** @param {Waiting["which"][number]} which */
function keyOf(which) {
  return JSON.stringify(which);
}
