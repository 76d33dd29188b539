import { soon } from "../soon.js";

/** @import { AutoQueue, Mode } from "../auto_queue.js" */

/**
 * Queues one prompt of the workflow on the screen, and no more, where Run (Instant) is chosen but
 * does not run.
 *
 * Older frontends have one mode for both, and the old menu one checkbox: they would queue again
 * once the queue is empty. So it is off until they have decided that.
 */
export class OneRun {
  #autoQueue;
  #later;
  /**
   * The mode that a person has chosen, and the one since then; null if none was switched off.
   *
   * @type {{ mode: Mode, resting: string | undefined } | null}
   */
  #before = null;
  /** How many prompts it is sending. */
  #sending = 0;
  /** Whether ComfyUI has accepted one since then. */
  #isAccepted = false;
  /** Whether anything was in the queue since then. */
  #wasBusy = false;
  /** How many prompts are in the queue; undefined if the server is lost. */
  #remaining = /** @type {number | undefined} */ (0);

  /**
   * @param {object} parts
   * @param {Pick<AutoQueue, "isPressed" | "mode" | "queueOne" | "runsAll" | "switchOff" |
   *   "switchOn">} parts.autoQueue
   * @param {(turn: () => void) => void} [parts.later] - runs `turn` after the frontend's own work
   */
  constructor({ autoQueue, later = soon }) {
    this.#autoQueue = autoQueue;
    this.#later = later;
  }

  /** Queue it; resolves once it is sent. */
  async queue() {
    if (this.#autoQueue.runsAll && !this.#autoQueue.isPressed) {
      const mode = this.#autoQueue.switchOff();
      if (mode) this.#before = { mode, resting: this.#autoQueue.mode };
    }
    this.#isAccepted = false;
    this.#sending += 1;
    try {
      await this.#autoQueue.queueOne();
    } finally {
      this.#sending -= 1;
      this.#later(() => this.#look());
    }
  }

  /** ComfyUI is about to send a prompt: if it is another one, somebody has pressed Run. */
  sending() {
    if (this.#sending === 0) this.giveBack();
    this.#wasBusy = false;
  }

  /** ComfyUI has accepted a prompt. */
  accepted() {
    this.#isAccepted = true;
  }

  /**
   * The server's queue has this many prompts.
   *
   * @param {number | undefined} remaining - undefined if the server is lost
   */
  queueIs(remaining) {
    this.#remaining = remaining;
    this.#wasBusy ||= remaining !== 0;
    this.#later(() => this.#look());
  }

  /** Put the mode back, unless a person has chosen another one since. */
  giveBack() {
    const before = this.#before;
    this.#before = null;
    if (before && this.#autoQueue.mode === before.resting) this.#autoQueue.switchOn(before.mode);
  }

  /** Put the mode back if what was sent has ended, or was not accepted. */
  #look() {
    // What was accepted may not have been told of yet, or may have ended already.
    const isOver = this.#wasBusy || !this.#isAccepted;
    if (this.#sending === 0 && this.#remaining === 0 && isOver) this.giveBack();
  }
}
