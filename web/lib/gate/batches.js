/** @import { Iteration } from "../../../types/nodes.d.ts" */
/** @import { Batch } from "./batch.js" */

/** How many batches that have stopped are remembered. */
const RESTED = 8;

/** The batches of this page: the one on the screen, those that are away, and those that rest. */
export class Batches {
  /** The batch whose workflow is on the screen. @type {Batch | null} */
  here = null;
  /** Those that go on, or wait, while another is there. @type {Batch[]} */
  away = [];
  /** Those that have stopped last, and may go on. @type {Batch[]} */
  rested = [];

  /** Those that this page runs. */
  get all() {
    return [...this.away, ...(this.here ? [this.here] : [])];
  }

  /**
   * Those that are away and have one of these loops.
   *
   * @param {Iterable<string>} loops
   */
  awayWith(loops) {
    const wanted = [...loops];
    return this.away.filter((batch) => batch.has(wanted));
  }

  /**
   * The one that stopped last with one of these loops.
   *
   * @param {Iterable<string>} loops
   */
  restedWith(loops) {
    const wanted = [...loops];
    return this.rested.find((batch) => batch.has(wanted));
  }

  /**
   * Whether a report on these loops is not about the batch on the screen, see `Gate.isElsewhere`.
   *
   * @param {Iterable<string>} loops
   */
  isElsewhere(loops) {
    const { here } = this;
    if (this.awayWith(loops).length > 0) return true;
    if (here === null) return false;
    return here.loops.size > 0 ? !here.has(loops) : this.#isAfter(here, loops);
  }

  /**
   * The one that a report is about, if it is about any of them.
   *
   * @param {Iteration} iteration
   * @param {boolean} isOthersPossible - whether it may come from a prompt that belongs to none
   */
  heard({ loop }, isOthersPossible) {
    const known = this.all.find(({ loops }) => loops.has(loop));
    if (known) return known;
    // Prompts run in the order in which they were sent.
    const [first] = this.all.filter(({ loops }) => loops.size === 0);
    if (first) return this.#isAfter(first, [loop]) ? null : first;
    return isOthersPossible ? null : this.here;
  }

  /** @param {Batch} batch */
  comesHere(batch) {
    this.#takeOut(batch);
    batch.isDue = false;
    this.here = batch;
  }

  /** @param {Batch} batch */
  goesAway(batch) {
    this.#takeOut(batch);
    batch.seen = 0;
    this.away.push(batch);
  }

  /** @param {Batch} batch */
  rests(batch) {
    this.#takeOut(batch);
    this.rested = [batch, ...this.rested].slice(0, RESTED);
  }

  /**
   * Whether a prompt with these loops comes before those of a batch that has yet to report.
   *
   * @param {Batch} batch
   * @param {Iterable<string>} loops
   */
  #isAfter(batch, loops) {
    return batch.isAfter(loops, this.restedWith(loops) !== undefined);
  }

  /** @param {Batch} batch */
  #takeOut(batch) {
    if (this.here === batch) this.here = null;
    this.away = this.away.filter((one) => one !== batch);
    this.rested = this.rested.filter((one) => one !== batch);
  }
}
