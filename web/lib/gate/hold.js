/**
 * @import { AutoQueue } from "../auto_queue.js"
 * @import { OnScreen } from "./on_screen.js"
 * @import { Batches } from "./batches.js"
 */

/**
 * @typedef {"lost" | "leaves"} Reason - the server was lost, or the workflow is about to leave the
 *   screen
 */

/** Keeps ComfyUI from queueing the batch on the screen, which still counts as going on. */
export class Hold {
  #autoQueue;
  #batches;
  #screen;

  /**
   * @param {object} parts
   * @param {Pick<AutoQueue, "mode" | "runsAll" | "switchOff" | "switchOn">} parts.autoQueue
   * @param {Pick<Batches, "here">} parts.batches
   * @param {Pick<OnScreen, "has">} parts.screen
   */
  constructor({ autoQueue, batches, screen }) {
    this.#autoQueue = autoQueue;
    this.#batches = batches;
    this.#screen = screen;
  }

  /**
   * The mode in which the batch on the screen goes on; null if it is not held, or if a person has
   * chosen another mode since.
   */
  get mode() {
    const held = this.#batches.here?.held;
    return held && held.resting === this.#autoQueue.mode ? held.mode : null;
  }

  /**
   * Switch Auto Queue off, if it runs the batch on the screen.
   *
   * @param {Reason} reason - which ends with `giveBack`; what holds it for another one goes on
   */
  take(reason) {
    const { here } = this.#batches;
    if (!here) return;
    if (this.mode !== null) here.held?.reasons.add(reason);
    else if (this.#autoQueue.runsAll && this.#screen.has(here)) {
      const mode = this.#autoQueue.switchOff();
      if (mode === null) return;
      here.held = { mode, resting: this.#autoQueue.mode, reasons: new Set([reason]) };
    }
  }

  /**
   * Whether the batch on the screen is held for a reason.
   *
   * @param {Reason} reason
   */
  isFor(reason) {
    return this.mode !== null && Boolean(this.#batches.here?.held?.reasons.has(reason));
  }

  /**
   * Let ComfyUI queue it again, if it was held for this reason alone.
   *
   * @param {Reason} reason
   */
  giveBack(reason) {
    const reasons = this.#batches.here?.held?.reasons;
    reasons?.delete(reason);
    if (reasons?.size) return;
    const mode = this.drop();
    if (mode !== null) this.#autoQueue.switchOn(mode);
  }

  /** End it, as the batch stops, or runs anyway; returns what `mode` was. */
  drop() {
    const { mode } = this;
    if (this.#batches.here) this.#batches.here.held = null;
    return mode;
  }
}
