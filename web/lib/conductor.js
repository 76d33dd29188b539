import { Runs } from "./runs.js";

const SKIP = "Skip on error";

/** What to do with Auto Queue, and what to tell, when a prompt of a batch ends. */
export class Conductor {
  #autoQueue;
  #notices;
  #runs = new Runs();
  /** Id of the last prompt that failed and is to be passed over. */
  #passOver;
  #later;

  /** `later` runs a function after the frontend's own turn. */
  constructor({ autoQueue, notices, later = (turn) => setTimeout(turn, 0) }) {
    this.#autoQueue = autoQueue;
    this.#notices = notices;
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
    this.#autoQueue.switchOff();
    this.#notices.stopped(run);
  }

  /** A prompt failed: with Skip on error, Auto Queue is to go on with the next image. */
  failed(promptId) {
    const run = this.#runs.take(promptId);
    if (!run) return;
    this.#notices.processed(run.handedOut);
    // An error in a prompt that handed nothing out would come again at every turn.
    if (run.handedOut.some((iteration) => iteration.error_handling === SKIP)) {
      this.#passOver = promptId;
    } else {
      this.#autoQueue.showStopped();
    }
  }

  /** Who presses Cancel means the batch, not only the image: ComfyUI would queue the next one. */
  interrupted(promptId) {
    const run = this.#runs.take(promptId);
    if (!run?.handedOut.length) return;
    if (this.#autoQueue.switchOff()) this.#notices.paused(run.handedOut);
  }

  /** The server's queue has this many prompts, the running one included. */
  queueIs(remaining) {
    if (remaining !== 0 || !this.#passOver) return;
    // The frontend decides on the same event whether it queues again. Queueing lifts the error
    // that holds it back, so in the same turn both would queue.
    this.#later(() => this.#goOn());
  }

  #goOn() {
    const failed = this.#passOver;
    this.#passOver = undefined;
    // Held back by another error, or by none (a later prompt ran): nothing to do.
    if (failed && this.#autoQueue.on && this.#autoQueue.heldBackBy === failed) {
      this.#autoQueue.queueAgain();
    }
  }
}
