/**
 * Counts the times this tab has submitted prompts: Run once, whatever the batch count, is one.
 *
 * A prompt that Auto Queue sent before it was switched off, and that finds nothing to do, is no
 * news; the same answer to a new Run is. Counting submissions tells the two apart.
 */
export class Submissions {
  #count = 0;
  #open = false;

  get count() {
    return this.#count;
  }

  /** A prompt is about to be sent. */
  begin() {
    if (this.#open) return;
    this.#open = true;
    this.#count += 1;
  }

  /** All prompts of this submission are sent. */
  end() {
    this.#open = false;
  }
}
