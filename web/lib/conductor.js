import { Runs } from "./runs.js";

const SKIP = "Skip on error";
/** How many failed prompts are remembered: only the last can hold Auto Queue back. */
const FAILED_LIMIT = 16;

/** What to do with Auto Queue, and what to tell, when a prompt of a batch ends. */
export class Conductor {
  #autoQueue;
  #notices;
  #submissions;
  #watch;
  #later;
  #runs = new Runs();
  /** Ids of the last prompts that failed and are to be passed over. */
  #passedOver = [];
  /** Whether all that this tab has sent so far is known to have ended. */
  #queueIsEmpty = false;

  /** `later` runs a function after the frontend's own turn. */
  constructor({ autoQueue, notices, submissions, watch, later = (turn) => setTimeout(turn, 0) }) {
    this.#autoQueue = autoQueue;
    this.#notices = notices;
    this.#submissions = submissions;
    this.#watch = watch;
    this.#later = later;
  }

  /** A node of a running prompt has spoken. */
  heard(promptId, said) {
    this.#runs.note(promptId, said);
  }

  /** End Queue's verdict holds only now: until here, the same prompt could still have failed. */
  succeeded(promptId) {
    const run = this.#runs.take(promptId);
    if (!run) return;
    this.#notices.processed(run.handedOut);
    if (!run.stop) return;
    const watches = this.#watch.stopped(run, this.#autoQueue.switchOff());
    this.#notices.stopped(run, { watches });
  }

  /** A prompt failed: with Skip on error, Auto Queue is to go on with the next image. */
  failed(promptId) {
    const run = this.#runs.take(promptId);
    if (!run) return;
    this.#notices.processed(run.handedOut);
    // An error in a prompt that handed nothing out would come again at every turn.
    if (run.handedOut.some((iteration) => iteration.error_handling === SKIP)) {
      this.#passedOver = [promptId, ...this.#passedOver].slice(0, FAILED_LIMIT);
    } else {
      this.#autoQueue.showStopped();
    }
  }

  /** Who presses Cancel means the batch, not only the image: ComfyUI would queue the next one. */
  interrupted(promptId) {
    this.#watch.end();
    const run = this.#runs.take(promptId);
    if (!run?.handedOut.length) return;
    if (this.#autoQueue.switchOff()) this.#notices.paused(run.handedOut);
  }

  /** This tab is about to send a prompt. */
  sending() {
    // A prompt that was under way when the batch ended is no new Run.
    if (!this.#submissions.open) this.#watch.end();
    this.#submissions.begin();
    this.#queueIsEmpty = false;
  }

  /** This tab has sent what it was asked to. */
  sent() {
    // What it sent may have ended before the frontend was through with sending.
    this.#submissions.end(() => this.#goOnIfHeldBack());
  }

  /** The server's queue has this many prompts, the running one included. */
  queueIs(remaining) {
    this.#queueIsEmpty = remaining === 0;
    // The frontend decides on the same event whether it queues again. Queueing lifts the error
    // that holds it back, so in the same turn both would queue.
    if (this.#queueIsEmpty) this.#later(() => this.#goOnIfHeldBack());
  }

  #goOnIfHeldBack() {
    if (!this.#queueIsEmpty || this.#submissions.open) return;
    // Held back by another error, or by none: that is not ours to lift.
    if (!this.#passedOver.includes(this.#autoQueue.heldBackBy)) return;
    if (this.#autoQueue.on) this.#autoQueue.queueAgain();
  }
}
