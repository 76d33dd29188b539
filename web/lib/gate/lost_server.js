/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { AutoQueue } from "../auto_queue.js"
 * @import { Submissions } from "../submissions.js"
 * @import { OnScreen } from "./on_screen.js"
 * @import { Batch } from "./batch.js"
 * @import { Batches } from "./batches.js"
 */

/** How often, and at most how many times, the server is asked whether the last image has ended. */
const ASK_EVERY_MS = 250;
const ASK_TIMES = 40;
/** How long to wait before a server that has not answered is asked again, in ms. */
const NO_ANSWER_MS = 2_000;
/** How long a prompt that is being sent is waited for, in ms. */
const SENDING_MS = 10_000;

/**
 * Holds the batches of a server that is lost. The page hears nothing of what ends meanwhile, and
 * frontends queue when they lose the server, when it is back, or never again. So ComfyUI queues
 * nothing from then on, and once the queue is empty the server says whether the batch goes on.
 */
export class LostServer {
  #autoQueue;
  #batches;
  #screen;
  #submissions;
  #stands;
  #goesOn;
  #proceed;
  #wait;
  #isLost = false;
  /**
   * The batch on the screen, if its Auto Queue is off until the server has said how it stands, and
   * the mode that it was in.
   *
   * @type {{ batch: Batch, mode: string } | null}
   */
  #held = null;
  /** Increases whenever an answer that is waited for becomes obsolete. */
  #turn = 0;
  /** The turn in which the server was asked last. */
  #askedIn = -1;

  /**
   * @param {object} parts
   * @param {Pick<AutoQueue, "runsAll" | "heldBackBy" | "queueAgain" | "switchOff" | "switchOn">
   *   } parts.autoQueue
   * @param {Pick<Batches, "here" | "away" | "all">} parts.batches
   * @param {Pick<OnScreen, "has">} parts.screen
   * @param {Pick<Submissions, "open" | "over">} parts.submissions
   * @param {(loops: string[]) => Promise<Loop[]>} parts.stands - asks the server how loops stand
   * @param {(ids: string[], loops: Loop[]) => boolean} parts.goesOn - whether the batch of these
   *   loops goes on as they stand; if not, ends it
   * @param {() => void} parts.proceed - sends what is next of batches that are away
   * @param {(turn: () => void, ms: number) => void} [parts.wait] - runs `turn` after so many ms
   */
  constructor({ autoQueue, batches, screen, submissions, ...given }) {
    this.#autoQueue = autoQueue;
    this.#batches = batches;
    this.#screen = screen;
    this.#submissions = submissions;
    this.#stands = given.stands;
    this.#goesOn = given.goesOn;
    this.#proceed = given.proceed;
    const { wait = setTimeout } = given;
    this.#wait = (/** @type {() => void} */ turn, /** @type {number} */ ms) => wait(turn, ms);
  }

  /** Whether the server is away: then a prompt that does not get through is not refused. */
  get isLost() {
    return this.#isLost;
  }

  /** The mode in which the batch on the screen goes on; null if it is not held. */
  get heldIn() {
    return this.#held && this.#held.batch === this.#batches.here ? this.#held.mode : null;
  }

  /**
   * The server's queue has this many prompts; undefined if ComfyUI's page has lost the server.
   *
   * @param {number | undefined} remaining
   */
  queueIs(remaining) {
    this.#isLost = remaining === undefined;
    if (this.#isLost || remaining) this.#turn += 1;
    if (remaining) {
      this.#release();
      return;
    }
    if (this.#isLost) for (const batch of this.#batches.all) batch.isUnsure = true;
    const unsure = this.#batches.all.filter(({ isUnsure }) => isUnsure);
    if (unsure.length === 0) return;
    this.#hold();
    if (this.#isLost || this.#askedIn === this.#turn) return;
    this.#askedIn = this.#turn;
    for (const batch of unsure) this.#find(batch);
  }

  /** Keep ComfyUI from queueing the batch on the screen. */
  #hold() {
    const { here } = this.#batches;
    if (!here || !this.#autoQueue.runsAll || !this.#screen.has(here)) return;
    const mode = this.#autoQueue.switchOff();
    if (mode !== null) this.#held = { batch: here, mode };
  }

  /** Let ComfyUI queue again, unless somebody has stopped the batch, or it is away. */
  #release() {
    const mode = this.heldIn;
    this.#held = null;
    if (mode !== null) this.#autoQueue.switchOn(mode);
  }

  /**
   * Find out how a batch stands, and go on with it or end it.
   *
   * @param {Batch} batch
   */
  async #find(batch) {
    const turn = this.#turn;
    await this.#submissions.over(SENDING_MS);
    const loops = await this.#settled(batch, turn);
    if (loops === null || !batch.isUnsure) return;
    batch.isUnsure = false;
    if (!this.#batches.all.includes(batch)) return;
    const isHere = batch === this.#batches.here;
    if (isHere) this.#release();
    if (isHere && !this.#autoQueue.runsAll) return;
    const ids = batch.lately;
    // Without any, nothing was heard of its first prompt.
    if (ids.length > 0 && !this.#goesOn(ids, loops)) return;
    if (!isHere) this.#proceed();
    else if (this.#autoQueue.heldBackBy === undefined && !this.#submissions.open) {
      this.#autoQueue.queueAgain();
    }
  }

  /**
   * How the loops of a batch stand once the server knows the outcome of its last prompt; null if
   * that has become obsolete.
   *
   * @param {Batch} batch
   * @param {number} turn
   */
  async #settled({ lately }, turn) {
    for (let asked = 1; turn === this.#turn; asked += 1) {
      const loops = lately.length > 0 ? await this.#stands(lately).catch(() => null) : [];
      if (turn !== this.#turn) return null;
      if (loops && (asked >= ASK_TIMES || !loops.some(isUnderWay))) return loops;
      const ms = loops ? ASK_EVERY_MS : NO_ANSWER_MS;
      await new Promise((/** @type {(end: void) => void} */ end) => this.#wait(end, ms));
    }
    return null;
  }
}

/** @param {Loop} loop */
function isUnderWay({ next, running, finishing }) {
  return next !== "wait" && running + finishing > 0;
}
