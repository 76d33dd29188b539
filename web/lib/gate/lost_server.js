/**
 * @import { AutoQueue } from "../auto_queue.js"
 * @import { Submissions } from "../submissions.js"
 * @import { OnScreen } from "./on_screen.js"
 * @import { Batches } from "./batches.js"
 */

/** How long ComfyUI is given to queue again by itself once its server is back, in ms. */
const PATIENCE_MS = 3_000;

/**
 * Goes on with the batch on the screen once a server that was lost is back. ComfyUI queues when the
 * queue becomes empty; that of a server that was started again is empty from the beginning, so some
 * frontends would never queue again.
 */
export class LostServer {
  #autoQueue;
  #batches;
  #screen;
  #submissions;
  #wait;
  #isLost = false;
  /** Increases whenever what was planned becomes obsolete. */
  #turn = 0;

  /**
   * @param {object} parts
   * @param {Pick<AutoQueue, "runsAll" | "heldBackBy" | "queueAgain">} parts.autoQueue
   * @param {Pick<Batches, "here">} parts.batches
   * @param {Pick<OnScreen, "has">} parts.screen
   * @param {Pick<Submissions, "open" | "count">} parts.submissions
   * @param {(turn: () => void, ms: number) => void} [parts.wait] - runs `turn` after so many ms
   */
  constructor({ autoQueue, batches, screen, submissions, wait = setTimeout }) {
    this.#autoQueue = autoQueue;
    this.#batches = batches;
    this.#screen = screen;
    this.#submissions = submissions;
    this.#wait = (/** @type {() => void} */ turn, /** @type {number} */ ms) => wait(turn, ms);
  }

  /** Whether the server is away: then a prompt that does not get through is not refused. */
  get isLost() {
    return this.#isLost;
  }

  /**
   * The server's queue has this many prompts; undefined if ComfyUI's page has lost the server.
   *
   * @param {number | undefined} remaining
   */
  queueIs(remaining) {
    const isBack = this.#isLost && remaining !== undefined;
    this.#isLost = remaining === undefined;
    if (this.#isLost || remaining) this.#turn += 1;
    if (!isBack || remaining || !this.#canGoOn) return;
    const turn = this.#turn;
    const { count } = this.#submissions;
    this.#wait(() => {
      if (turn !== this.#turn || count !== this.#submissions.count) return;
      if (this.#canGoOn && !this.#submissions.open) this.#autoQueue.queueAgain();
    }, PATIENCE_MS);
  }

  /** Whether a batch on the screen goes on, and no error holds it back. */
  get #canGoOn() {
    const { here } = this.#batches;
    const goesOn = here !== null && this.#autoQueue.runsAll && this.#screen.has(here);
    return goesOn && this.#autoQueue.heldBackBy === undefined;
  }
}
