import { soon } from "./soon.js";

/** How often it is looked whether a prompt is still being sent, in ms. */
const LOOK_MS = 20;
/** How long a prompt that is being sent is waited for, in ms. */
const SENDING_MS = 10_000;

/**
 * Tracks and counts what ComfyUI's page sends; what the gate sends of a workflow that is not on the
 * screen is no part of it. Pressing Run once is one submission, whatever the batch count, and so is
 * everything that ComfyUI queues automatically while it is still sending.
 *
 * If a prompt that Auto Queue sent before it was switched off finds nothing to do, that is not
 * worth reporting; after a new Run it is. Counting submissions tells the two apart.
 */
export class Submissions {
  #count = 0;
  #open = false;
  #isAsked = false;
  /** Whether what is asked for has been counted. */
  #isCounted = false;
  #ending = 0;
  #later;

  /**
   * @param {object} [parts]
   * @param {(turn: () => void) => void} [parts.later] - runs `turn` after the frontend's own work
   */
  constructor({ later = soon } = {}) {
    this.#later = later;
  }

  /** The number of the submission that is asked for, or open, or else of the last one. */
  get count() {
    return this.#count;
  }

  /** Whether ComfyUI's page is sending a prompt now. */
  get open() {
    return this.#open;
  }

  /** Whether this page has asked ComfyUI's to send a prompt, which has yet to begin. */
  get isAsked() {
    return this.#isAsked;
  }

  /** Resolves once nothing is being sent or asked for, or something has been for long. */
  async over() {
    const until = Date.now() + SENDING_MS;
    while ((this.#open || this.#isAsked) && Date.now() < until) {
      await new Promise((turn) => setTimeout(turn, LOOK_MS));
    }
  }

  /**
   * Ask ComfyUI's page to send a prompt. Some frontends look first who is logged in, and then send
   * what is on the screen.
   *
   * @param {() => Promise<void>} send - resolves once it is sent
   */
  async ask(send) {
    this.#isAsked = true;
    this.#isCounted = !this.#open; // if it is, this may become part of it
    if (this.#isCounted) this.#count += 1;
    try {
      await send();
    } finally {
      this.#isAsked = this.#isCounted = false;
    }
  }

  /** A prompt is about to be sent. */
  begin() {
    if (!this.#open && !this.#isCounted) this.#count += 1;
    this.#isAsked = this.#isCounted = false;
    this.#open = true;
    this.#ending += 1; // cancels a pending end
  }

  /**
   * The frontend has finished sending; calls `ended` if nothing more follows at once.
   *
   * Newer frontends report each of several requests, and start the next one in the same turn.
   */
  end(ended = () => {}) {
    const ending = (this.#ending += 1);
    this.#later(() => {
      if (ending !== this.#ending) return;
      this.#open = false;
      ended();
    });
  }
}
