import { Runs, handsOut } from "./runs.js";

/**
 * @import { Iteration, Said } from "../../types/nodes.d.ts"
 * @import { AutoQueue } from "./auto_queue.js"
 * @import { Notices } from "./notices.js"
 * @import { PageTitle } from "./page_title.js"
 * @import { Run } from "./runs.js"
 * @import { Submissions } from "./submissions.js"
 * @import { Watch } from "./watch.js"
 */

/** What the types of this pack's nodes begin with. */
const PREFIX = "BatchLoop";
/** How many failed prompts are remembered: only the last can hold Auto Queue back. */
const FAILED_LIMIT = 16;

/** What to do with Auto Queue, and what to tell, when a prompt of a batch ends. */
export class Conductor {
  #autoQueue;
  #notices;
  #submissions;
  #title;
  #watch;
  #later;
  #runs = new Runs();
  /**
   * Ids of the last prompts that failed and are to be passed over.
   *
   * @type {string[]}
   */
  #passedOver = [];
  /**
   * What was handed out last, while Auto Queue goes on with it.
   *
   * @type {Iteration[]}
   */
  #batch = [];
  /** Whether Cancel has switched Auto Queue off in the run that may still be interrupted. */
  #isCancelled = false;
  /** Whether all that this tab has sent so far is known to have ended. */
  #queueIsEmpty = false;

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {AutoQueue} parts.autoQueue
   * @param {Notices} parts.notices
   * @param {Submissions} parts.submissions
   * @param {PageTitle} parts.title
   * @param {Watch} parts.watch
   * @param {(turn: () => void) => void} [parts.later] - runs it after the frontend's own turn
   */
  constructor({ autoQueue, notices, submissions, title, watch, later = defaultLater }) {
    this.#autoQueue = autoQueue;
    this.#notices = notices;
    this.#submissions = submissions;
    this.#title = title;
    this.#watch = watch;
    this.#later = later;
  }

  /**
   * A node of a running prompt has spoken.
   *
   * @param {string} promptId
   * @param {Said} said
   */
  heard(promptId, said) {
    this.#runs.note(promptId, said);
    this.#title.note(said);
    if (said.kind === "iteration" && handsOut(said)) this.#batch = [said];
  }

  /**
   * What its nodes have found holds only now: until here, the same prompt could still have failed.
   * End Queue's verdict stops Auto Queue; while other servers work on the last images, it rests.
   *
   * @param {string} promptId
   */
  succeeded(promptId) {
    const run = this.#ended(promptId);
    if (!run) return;
    this.#notices.processed(run.handedOut);
    if (run.inPart.length > 0) this.#ranInPart(run);
    else if (run.stop) this.#stopped(run);
    else if (run.awaited.length > 0) this.#watch.awaits(run.awaited, this.#autoQueue.switchOff());
  }

  /**
   * A prompt failed: with Skip on error, Auto Queue is to go on with the next image.
   *
   * @param {string} promptId
   * @param {string} [nodeType] - the type of the node that failed
   */
  failed(promptId, nodeType = "") {
    const run = this.#ended(promptId);
    if (!run) {
      // A node of ours may fail before any has spoken.
      if (nodeType.startsWith(PREFIX)) this.#autoQueue.showStopped();
      return;
    }
    this.#notices.processed(run.handedOut);
    if (run.goesOnAfterError) {
      this.#passedOver = [promptId, ...this.#passedOver].slice(0, FAILED_LIMIT);
    } else {
      this.#autoQueue.showStopped();
      this.#title.end();
    }
  }

  /**
   * Who presses Cancel means the batch, not only the image: ComfyUI would queue the next one.
   *
   * @param {string} promptId
   */
  interrupted(promptId) {
    this.#watch.end();
    this.#title.end();
    const run = this.#runs.take(promptId);
    if (!run?.handedOut.length) return;
    const isOff = this.#autoQueue.switchOff() !== null || this.#isCancelled;
    if (isOff) this.#notices.paused(run.handedOut);
  }

  /**
   * Somebody has pressed Cancel, and perhaps no prompt runs that it would interrupt: between two
   * images it means the batch as well.
   */
  cancelled() {
    this.#watch.end();
    if (this.#batch.length === 0 || this.#autoQueue.switchOff() === null) return;
    this.#isCancelled = true;
    this.#title.end();
    this.#notices.pausedBetween(this.#batch);
  }

  /** This tab is about to send a prompt. */
  sending() {
    // A prompt that was under way when the batch ended is no new Run.
    if (!this.#submissions.open) this.#watch.end();
    this.#submissions.begin();
    this.#queueIsEmpty = false;
    this.#isCancelled = false;
  }

  /** This tab has sent what it was asked to. */
  sent() {
    // What it sent may have ended before the frontend was through with sending.
    this.#submissions.end(() => this.#goOnIfHeldBack());
  }

  /** ComfyUI has taken none of what this tab was about to send: nothing more comes by itself. */
  refused() {
    this.#autoQueue.showStopped();
    this.#title.end();
    this.sent();
  }

  /**
   * The server's queue has this many prompts, the running one included.
   *
   * @param {number | undefined} remaining
   */
  queueIs(remaining) {
    this.#queueIsEmpty = remaining === 0;
    // The frontend decides on the same event whether it queues again. Queueing lifts the error
    // that holds it back, so in the same turn both would queue.
    if (!this.#queueIsEmpty) return;
    this.#later(() => {
      this.#goOnIfHeldBack();
      if (!this.#autoQueue.on) this.#title.end();
    });
  }

  /**
   * A prompt of this tab has ended; what it said, undefined if it was none of a batch.
   *
   * @param {string} promptId
   */
  #ended(promptId) {
    const run = this.#runs.take(promptId);
    this.#batch = run?.handedOut ?? [];
    return run;
  }

  /**
   * Somebody tries a part: nothing is done by that, at the next turn as little.
   *
   * @param {Run} run
   */
  #ranInPart(run) {
    this.#autoQueue.switchOff();
    this.#title.end();
    this.#notices.ranInPart(run.inPart);
  }

  /** @param {Run} run */
  #stopped(run) {
    this.#title.end();
    const watches = this.#watch.stopped(run, this.#autoQueue.switchOff());
    this.#notices.stopped(run, { watches });
  }

  #goOnIfHeldBack() {
    if (!this.#queueIsEmpty || this.#submissions.open) return;
    // Held back by another error, or by none: that is not ours to lift.
    const { heldBackBy } = this.#autoQueue;
    if (heldBackBy === undefined || !this.#passedOver.includes(heldBackBy)) return;
    if (this.#autoQueue.on) this.#autoQueue.queueAgain();
  }
}

/** @param {() => void} turn */
function defaultLater(turn) {
  setTimeout(turn, 0);
}
