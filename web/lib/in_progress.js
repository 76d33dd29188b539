/**
 * Knows which of this page's prompts is running, and whether a person has paused its batch: then
 * the image in progress is the last.
 */
export class InProgress {
  /**
   * The prompt, and the loops that it has reported on; null if none runs.
   *
   * @type {{ prompt: string, loops: Set<string>, isLast: boolean } | null}
   */
  #running = null;

  /** Whether a prompt of this page runs. */
  get isAny() {
    return this.#running !== null;
  }

  /** A prompt of this page has begun. @param {string} prompt - its id */
  started(prompt) {
    this.#running = { prompt, loops: new Set(), isLast: false };
  }

  /**
   * A prompt has reported on a loop.
   *
   * @param {string} loop
   * @param {string} prompt - its id
   */
  heard(loop, prompt) {
    if (this.#running?.prompt !== prompt) this.started(prompt);
    this.#running?.loops.add(loop);
  }

  /**
   * A prompt has ended; returns whether it was the last of a paused batch.
   *
   * @param {string} prompt - its id
   */
  ended(prompt) {
    if (this.#running?.prompt !== prompt) return false;
    const { isLast } = this.#running;
    this.#running = null;
    return isLast;
  }

  /** Nothing of this page runs, as far as is known. */
  none() {
    this.#running = null;
  }

  /**
   * A batch was paused.
   *
   * @param {string | null} loop - one of its loops; null if none is known
   */
  pause(loop) {
    const running = this.#running;
    if (!running) return;
    const { loops } = running;
    running.isLast = loop === null || loops.size === 0 || loops.has(loop);
  }

  /** The batch goes on. */
  goOn() {
    if (this.#running) this.#running.isLast = false;
  }

  /**
   * A prompt of a loop that was paused is known to run, although it may not have reported yet.
   *
   * @param {string} loop
   * @param {string[]} prompts - those that may be it
   */
  isOf(loop, prompts) {
    if (this.#running && prompts.includes(this.#running.prompt)) this.#running.loops.add(loop);
  }

  /**
   * Whether the image in progress of this loop is the last before a pause.
   *
   * @param {string} loop
   */
  pauses(loop) {
    return Boolean(this.#running?.isLast && this.#running.loops.has(loop));
  }
}
