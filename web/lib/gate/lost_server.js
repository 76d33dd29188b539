import { isFinal } from "../requests.js";

/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { AutoQueue } from "../auto_queue.js"
 * @import { Submissions } from "../submissions.js"
 * @import { Batch } from "./batch.js"
 * @import { Batches } from "./batches.js"
 * @import { Hold } from "./hold.js"
 */

/** How often, and at most how many times, the server is asked whether the last image has ended. */
const ASK_EVERY_MS = 250;
const ASK_TIMES = 40;
/** How long to wait before a server that has not answered is asked again, in ms. */
const NO_ANSWER_MS = 2_000;

/**
 * Finds out how the batches of a server stand that was lost. The page hears nothing of what ends
 * meanwhile, and frontends queue when they lose the server, when it is back, or never again. So
 * ComfyUI queues nothing from then on, and once the queue is empty the server says whether the
 * batch goes on.
 */
export class LostServer {
  #autoQueue;
  #batches;
  #hold;
  #submissions;
  #stands;
  #goesOn;
  #isUnknown;
  #proceed;
  #wait;
  #isLost = false;
  #isEmpty = false;
  /** How many times the server was lost: what it is asked is obsolete once it is lost again. */
  #losses = 0;

  /**
   * @param {object} parts
   * @param {Pick<AutoQueue, "runsAll" | "heldBackBy" | "queueAgain">} parts.autoQueue
   * @param {Pick<Batches, "here" | "all">} parts.batches
   * @param {Pick<Hold, "mode" | "take" | "giveBack">} parts.hold
   * @param {Pick<Submissions, "open" | "over">} parts.submissions
   * @param {(loops: string[]) => Promise<Loop[]>} parts.stands - asks the server how loops stand
   * @param {(ids: string[], loops: Loop[]) => boolean} parts.goesOn - whether the batch of these
   *   loops goes on as they stand; if not, ends it
   * @param {(ids: string[], error: unknown) => void} parts.isUnknown - ends the batch of these
   *   loops, as it does not become known how they stand
   * @param {() => void} parts.proceed - sends what is next of batches that are away
   * @param {(turn: () => void, ms: number) => void} [parts.wait] - runs `turn` after so many ms
   */
  constructor({ autoQueue, batches, hold, submissions, ...given }) {
    this.#autoQueue = autoQueue;
    this.#batches = batches;
    this.#hold = hold;
    this.#submissions = submissions;
    this.#stands = given.stands;
    this.#goesOn = given.goesOn;
    this.#isUnknown = given.isUnknown;
    this.#proceed = given.proceed;
    const { wait = setTimeout } = given;
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
    this.#isLost = remaining === undefined;
    this.#isEmpty = remaining === 0;
    if (this.#isLost) {
      this.#losses += 1;
      for (const batch of this.#batches.all) batch.isUnsure = true;
    }
    if (!remaining && this.#batches.here?.isUnsure) this.#hold.take("lost");
    else this.#hold.giveBack("lost");
    if (!this.#isEmpty) return;
    const unsure = this.#batches.all.filter(({ isUnsure }) => isUnsure);
    for (const batch of unsure) if (batch.askedAfter !== this.#losses) void this.#find(batch);
  }

  /**
   * Find out how a batch stands, and go on with it or end it.
   *
   * @param {Batch} batch
   */
  async #find(batch) {
    const loss = this.#losses;
    batch.askedAfter = loss;
    const isObsolete = () => loss !== this.#losses || !batch.isUnsure;
    // What hangs since the loss may still get through, or fail.
    while (this.#submissions.open && !isObsolete()) await this.#submissions.over();
    const ids = batch.lately;
    try {
      const loops = await this.#settled(ids, isObsolete);
      if (loops !== null && !isObsolete()) this.#found(batch, ids, loops);
    } catch (error) {
      if (!isFinal(error)) console.error("[Batch Loop] the batch could not go on:", error);
      if (!isObsolete()) this.#isUnknown(ids, error);
    }
  }

  /**
   * @param {Batch} batch
   * @param {string[]} ids - of its loops
   * @param {Loop[]} loops - as they stand
   */
  #found(batch, ids, loops) {
    const isHere = batch === this.#batches.here;
    const isStopped = isHere && this.#hold.mode === null && !this.#autoQueue.runsAll;
    if (!isStopped && !this.#goesOnAs(batch, ids, loops)) return;
    batch.isUnsure = false;
    if (!isHere) this.#proceed();
    else if (!isStopped) this.#goOnHere();
  }

  /**
   * Whether a batch goes on as its loops stand; if not, ends it.
   *
   * @param {Batch} batch
   * @param {string[]} ids - of its loops
   * @param {Loop[]} loops - those of them that the server knows
   */
  #goesOnAs(batch, ids, loops) {
    if (!batch.isNew) return this.#goesOn(ids, loops);
    // Before its first report, the server need not know all of them, and those that it knows may
    // stand as they did before Run was pressed.
    const known = batch.sinceRun(loops);
    const isToBegin = batch.isToBegin(loops);
    const telling = isToBegin ? known.filter(({ complete }) => !complete) : known;
    if (telling.length === 0 && (isToBegin || ids.length === 0)) return true;
    return this.#goesOn(ids, telling);
  }

  /** The batch on the screen goes on. */
  #goOnHere() {
    this.#hold.giveBack("lost");
    // With anything in the queue, ComfyUI queues by itself when that has run.
    if (!this.#isEmpty || this.#autoQueue.heldBackBy !== undefined || this.#submissions.open) return;
    this.#autoQueue.queueAgain();
  }

  /**
   * How loops stand once the server knows the outcome of the last prompt; null if that has become
   * obsolete. Throws Refused if the server will not say.
   *
   * @param {string[]} ids
   * @param {() => boolean} isObsolete
   */
  async #settled(ids, isObsolete) {
    for (let asked = 1; !isObsolete(); asked += 1) {
      const loops = ids.length > 0 ? await this.#stands(ids).catch(nullOrFinal) : [];
      if (isObsolete()) return null;
      if (loops && (asked >= ASK_TIMES || !loops.some(isUnderWay))) return loops;
      const ms = loops ? ASK_EVERY_MS : NO_ANSWER_MS;
      await new Promise((/** @type {(end: void) => void} */ end) => this.#wait(end, ms));
    }
    return null;
  }
}

/** @param {unknown} error - of which null is returned unless it would be the same again */
function nullOrFinal(error) {
  if (isFinal(error)) throw error;
  return null;
}

/** @param {Loop} loop */
function isUnderWay({ next, running, finishing }) {
  return next !== "wait" && running + finishing > 0;
}
