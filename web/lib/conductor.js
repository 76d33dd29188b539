import { Cancel } from "./cancel.js";
import { Run, Runs, handsOut } from "./runs.js";
import { soon } from "./soon.js";

/**
 * @import { Iteration, Said } from "../../types/nodes.d.ts"
 * @import { Loop } from "../../types/server.d.ts"
 * @import { Endings } from "./endings.js"
 * @import { Gate } from "./gate/gate.js"
 * @import { Stopping } from "./gate/stopping.js"
 * @import { Notices } from "./notices.js"
 * @import { PageTitle } from "./page_title.js"
 * @import { Submissions } from "./submissions.js"
 * @import { Watch } from "./watch.js"
 */

/** Prefix of the types of this pack's nodes. */
const PREFIX = "BatchLoop";
/** How many failed prompts are remembered; only the last one can hold Auto Queue back. */
const FAILED_LIMIT = 16;

/** Decides what to do with Auto Queue, and what to show, when a prompt of a batch ends. */
export class Conductor {
  #autoQueue;
  #cancel;
  #endings;
  #notices;
  #stopping;
  #submissions;
  #title;
  #watch;
  #later;
  #runs = new Runs();
  /**
   * Ids of recent failed prompts after which the batch goes on.
   *
   * @type {string[]}
   */
  #passedOver = [];
  /**
   * The iterations that were handed out last, while Auto Queue goes on with their batch.
   *
   * @type {Iteration[]}
   */
  #batch = [];
  /** Whether everything that this tab has sent is known to have ended. */
  #queueIsEmpty = false;
  /** The id of this tab's running prompt; empty if none runs. */
  #running = "";
  /** The id of the one that ran when the server was lost: it has ended once batches are back. */
  #atLoss = "";

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {Gate} parts.autoQueue - with the say on what may be queued
   * @param {Pick<Endings, "begin">} parts.endings
   * @param {Notices} parts.notices
   * @param {Stopping} parts.stopping
   * @param {Submissions} parts.submissions
   * @param {PageTitle} parts.title
   * @param {Watch} parts.watch
   * @param {(turn: () => void) => void} [parts.later] - runs `turn` after the frontend's own work
   */
  constructor({ autoQueue, endings, notices, stopping, submissions, title, watch, later = soon }) {
    this.#autoQueue = autoQueue;
    this.#cancel = new Cancel({ notices, stopping, title, watch });
    this.#endings = endings;
    this.#notices = notices;
    this.#stopping = stopping;
    this.#submissions = submissions;
    this.#title = title;
    this.#watch = watch;
    this.#later = later;
  }

  /**
   * A node of a running prompt has reported.
   *
   * @param {string} promptId
   * @param {Said} said
   */
  heard(promptId, said) {
    this.#runs.note(promptId, said);
    this.#title.note(said);
    if (said.kind === "iteration") this.#autoQueue.heard(said, promptId);
    if (said.kind === "iteration" && handsOut(said)) this.#batch = [said];
  }

  /**
   * A prompt of this tab has begun.
   *
   * @param {string} promptId
   */
  started(promptId) {
    this.#running = promptId;
  }

  /**
   * The server was lost for a while, and now a prompt of this tab runs of which nothing was heard,
   * or none does any more.
   *
   * @param {string} promptId - "" if none runs
   */
  found(promptId) {
    this.#cancel.ended(this.#ended(this.#running));
    this.#running = promptId;
  }

  /**
   * A prompt succeeded: only now can its nodes' reports be acted on. End Queue's decision, or the
   * end of a batch without End Queue, stops Auto Queue; while other servers work on the last
   * images, Auto Queue pauses.
   *
   * @param {string} promptId
   */
  succeeded(promptId) {
    const run = this.#ended(promptId);
    if (!run) {
      this.#cancel.ended();
      return;
    }
    this.#notices.processed(run.handedOut);
    if (run.inPart.length > 0) this.#ranInPart(run);
    else if (run.stop) this.#stopped(run);
    else if (run.awaited.length > 0) {
      this.#watch.awaits(run.awaited, this.#stopping.switchOff(run.loops));
    } else this.#cancel.ended(run);
  }

  /**
   * A prompt failed: with Skip on error, Auto Queue should go on with the next image.
   *
   * @param {string} promptId
   * @param {string} [nodeType] - the type of the node that failed
   */
  failed(promptId, nodeType = "") {
    const run = this.#ended(promptId);
    if (!run) {
      // A node may fail before any of the pack's has reported, or one of them itself.
      const isOurs = nodeType.startsWith(PREFIX) || this.#autoQueue.hasSent(promptId);
      if (isOurs) this.#stopping.showStopped([], promptId);
      this.#cancel.ended();
      return;
    }
    this.#notices.processed(run.handedOut);
    if (run.goesOnAfterError || this.#autoQueue.isElsewhere(run.loops)) {
      this.#passedOver = [promptId, ...this.#passedOver].slice(0, FAILED_LIMIT);
    }
    this.#cancel.ended(run);
    if (!run.goesOnAfterError) {
      this.#stopping.showStopped(run.loops, promptId);
      this.#title.end();
    }
  }

  /**
   * A prompt was interrupted.
   *
   * @param {string} promptId
   */
  interrupted(promptId) {
    this.#running = "";
    this.#cancel.interrupted(this.#runs.take(promptId));
  }

  /**
   * Somebody has pressed Cancel. Returns the loops of the prompt that it is for, where only the
   * page knows them, as the prompt has yet to report.
   *
   * @returns {string[]}
   */
  cancelled() {
    const running = this.#running;
    const isHeard = this.#runs.has(running);
    if (running && !isHeard && this.#autoQueue.isOthers(running)) return [];
    // What was handed out last is of another batch then, or of an earlier run.
    const beginning = isHeard ? null : this.#autoQueue.beginning;
    if (beginning) this.#cancel.pressedAtBeginning();
    else this.#cancel.pressed(this.#batch, running !== "");
    return beginning ?? [];
  }

  /** This tab is about to send a prompt. */
  sending() {
    // A prompt that was already being sent when the batch ended is not a new Run.
    if (!this.#submissions.open) this.#watch.end();
    this.#submissions.begin();
    this.#queueIsEmpty = false;
    this.#cancel.beginRun();
  }

  /** This tab has finished sending. */
  sent() {
    // The prompts may have ended before the frontend finished sending.
    this.#submissions.end(() => this.#goOnIfHeldBack());
  }

  /**
   * ComfyUI has accepted none of this tab's prompts: unless the server is lost, nothing more is
   * queued automatically.
   */
  refused() {
    this.#autoQueue.refused();
    this.#title.end();
    this.sent();
  }

  /**
   * The server's queue has this many prompts, including the running one.
   *
   * @param {number | undefined} remaining - undefined if the server is lost
   */
  queueIs(remaining) {
    if (remaining === undefined) this.#atLoss = this.#running;
    this.#queueIsEmpty = remaining === 0;
    // The frontend decides on the same event whether to queue again. Queueing clears the error that
    // holds it back, so in the same turn both would queue.
    if (!this.#queueIsEmpty) return;
    this.#later(() => {
      this.#goOnIfHeldBack();
      if (!this.#autoQueue.on) this.#title.end();
    });
  }

  /**
   * The server was lost for a while, and a batch of this tab may have ended without a word: returns
   * whether it goes on. If not, it ends as it would have then.
   *
   * @param {string[]} ids - of the batch's loops
   * @param {Loop[]} loops - those that the server knows, as they stand now
   */
  cameBack(ids, loops) {
    const run = Run.of(loops);
    this.#dropUnheard(ids);
    this.#notices.processed([...run.iterations.values()]);
    if (loops.length === 0) this.unknown(ids);
    else if (loops.some(hasStopped)) {
      this.#stopping.switchOff(ids);
      this.#title.end();
    } else if (run.stop) this.#stopped(run);
    else if (run.awaited.length > 0) {
      this.#watch.awaits(run.awaited, this.#stopping.switchOff(ids));
    } else {
      this.#later(() => this.#goOnIfHeldBack());
      return true;
    }
    return false;
  }

  /**
   * The server was lost for a while, and does not know the batch of these loops any more, or will
   * not say how it stands: it ends.
   *
   * @param {string[]} ids
   * @param {unknown} [error] - with which the server has refused, if it has
   */
  unknown(ids, error) {
    this.#stopping.switchOff(ids);
    this.#title.end();
    this.#notices.unknown(ids, error);
  }

  /**
   * A prompt of this tab has ended; returns its run, or undefined if it was not part of a batch.
   *
   * @param {string} promptId
   */
  #ended(promptId) {
    this.#running = "";
    const run = this.#runs.take(promptId);
    this.#batch = run?.handedOut ?? [];
    return run;
  }

  /**
   * Drop what was heard last of a batch whose prompts have all ended, perhaps unheard. A prompt of
   * another batch may run by now.
   *
   * @param {string[]} ids - of the batch's loops
   */
  #dropUnheard(ids) {
    const isIts = (/** @type {string} */ loop) => ids.includes(loop);
    this.#batch = this.#batch.filter(({ loop }) => !isIts(loop));
    if (this.#runs.loopsOf(this.#running).some(isIts)) this.#ended(this.#running);
    else if (this.#running === this.#atLoss) this.#running = "";
  }

  /**
   * Only a part of the workflow ran: it finished no image, and neither would the next prompt.
   *
   * @param {Run} run
   */
  #ranInPart(run) {
    this.#stopping.switchOff(run.loops);
    this.#title.end();
    this.#notices.ranInPart(run.inPart);
  }

  /** @param {Run} run */
  #stopped(run) {
    this.#title.end();
    this.#endings.begin(run.complete);
    const watches = this.#watch.stopped(run, this.#stopping.switchOff(run.loops));
    this.#notices.stopped(run, { watches });
  }

  #goOnIfHeldBack() {
    this.#autoQueue.proceed();
    if (!this.#queueIsEmpty || this.#submissions.open) return;
    // If another error or none holds it back, leave it alone.
    const { heldBackBy } = this.#autoQueue;
    if (heldBackBy === undefined || !this.#passedOver.includes(heldBackBy)) return;
    this.#autoQueue.queueAgain();
  }
}

/**
 * Whether an error, or a Cancel, has stopped a loop that is not complete.
 *
 * @param {Loop} loop
 */
function hasStopped({ complete, interrupted, next }) {
  return !complete && (interrupted || next === "stop");
}
