/**
 * Knows when this tab sends prompts, and counts the times: Run once is one, whatever the batch
 * count, and so is all that ComfyUI queues by itself while it is still sending.
 *
 * A prompt that Auto Queue sent before it was switched off, and that finds nothing to do, is no
 * news; the same answer to a new Run is. Counting submissions tells the two apart.
 */
export class Submissions {
  #count = 0;
  #open = false;
  #ending = 0;
  #later;

  /**
   * @param {object} [parts]
   * @param {(turn: () => void) => void} [parts.later] - runs it after the frontend's own turn
   */
  constructor({ later = (turn) => setTimeout(turn, 0) } = {}) {
    this.#later = later;
  }

  get count() {
    return this.#count;
  }

  /** Whether a prompt is being sent now. */
  get open() {
    return this.#open;
  }

  /** A prompt is about to be sent. */
  begin() {
    this.#ending += 1; // what was about to end goes on
    if (this.#open) return;
    this.#open = true;
    this.#count += 1;
  }

  /**
   * What the frontend was asked to send is sent; calls `ended` if no more follows at once.
   *
   * Newer frontends report each of several requests, and take up the next in the same turn.
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
