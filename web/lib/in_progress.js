/**
 * A prompt that runs, with the loops that it has reported on, and those that a person has paused
 * meanwhile, null for one that is not known; whether it is known to be of one of these; and whether
 * a person has cancelled it.
 *
 * @typedef {object} Running
 * @property {string} prompt
 * @property {Set<string>} loops
 * @property {Set<string | null>} paused
 * @property {boolean} isLast
 * @property {boolean} isCancelled
 */

/**
 * Knows which of this page's prompts is running, and whether a person has cancelled it, or paused
 * its batch: then the image in progress is the last.
 */
export class InProgress {
  /** Null if none runs. @type {Running | null} */
  #running = null;
  /**
   * Prompts of paused batches that run, but of which nothing was heard yet, with the loop that was
   * paused; null if it is not known.
   *
   * @type {Map<string, string | null>}
   */
  #unheard = new Map();
  /** While it is unknown what runs, as the server was lost: since when. @type {symbol | null} */
  #loss = null;

  /** The id of this page's prompt that runs; "" if none does. */
  get prompt() {
    return this.#running?.prompt ?? "";
  }

  /** Whether a prompt of this page runs. */
  get isAny() {
    return this.#running !== null;
  }

  /** A prompt of this page has begun. @param {string} prompt - its id */
  started(prompt) {
    this.#running = { prompt, loops: new Set(), paused: new Set(), isLast: false, isCancelled: false };
    this.#loss = null;
    const loop = this.#unheard.get(prompt);
    if (loop !== undefined) isLastOf(this.#running, loop);
    this.#unheard.delete(prompt);
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
   * A prompt has ended; returns whether it was the last of a paused batch, or cancelled.
   *
   * @param {string} prompt - its id
   */
  ended(prompt) {
    if (this.#loss) this.#loss = Symbol("an answer that is waited for is older");
    if (this.#running?.prompt !== prompt) return false;
    const isLast = [...this.#running.loops].some((loop) => this.pauses(loop) || this.cancels(loop));
    this.#running = null;
    return isLast;
  }

  /** Nothing of this page runs. */
  #none() {
    this.#running = this.#loss = null;
  }

  /**
   * ComfyUI's queue has this many prompts. The page hears nothing of what ends or begins while the
   * server is lost: once it is back, finds out what runs, and returns whether that is news.
   *
   * @param {number | undefined} remaining - undefined if the server is lost
   * @param {() => Promise<string[] | null>} own - the ids of this page's prompts that run; null if
   *   ComfyUI does not say
   */
  async queueIs(remaining, own) {
    if (remaining === undefined) this.#loss = Symbol("loss");
    if (remaining === 0) this.#none();
    const loss = this.#loss;
    if (!remaining || !loss) return false;
    const prompts = await own();
    // What is heard meanwhile is newer.
    if (!prompts || loss !== this.#loss) return false;
    const before = this.#running;
    if (before && prompts.includes(before.prompt)) {
      this.#loss = null;
      return false;
    }
    this.#none();
    if (prompts.length > 0) this.started(prompts[0]);
    return before !== this.#running;
  }

  /**
   * Somebody has pressed Cancel: what runs is about to end, but a slow node may take its time.
   * Returns whether that is news.
   *
   * @param {string[]} [loops] - that it is of, if that is known before it has reported
   */
  cancel(loops = []) {
    const running = this.#running;
    if (!running || running.isCancelled) return false;
    running.isCancelled = true;
    for (const loop of loops) running.loops.add(loop);
    return true;
  }

  /**
   * A batch was paused.
   *
   * @param {string | null} loop - one of its loops; null if none is known
   */
  pause(loop) {
    this.#running?.paused.add(loop);
  }

  /**
   * A batch goes on.
   *
   * @param {string | null} loop - one of its loops; null if none is known
   */
  goOn(loop) {
    this.#unheard.clear();
    const running = this.#running;
    if (!running) return;
    running.paused.delete(loop);
    // Its other loops go on, too.
    if (loop === null || !running.loops.has(loop)) return;
    running.paused.clear();
    running.isLast = false;
  }

  /**
   * ComfyUI has said which prompts of a batch run that was paused, and does not go on again: one
   * may not have reported yet, or may not even be heard of.
   *
   * @param {string | null} loop - the one that was paused
   * @param {string[]} prompts - those that may be it
   */
  isOf(loop, prompts) {
    for (const prompt of prompts) {
      if (this.#running?.prompt === prompt) isLastOf(this.#running, loop);
      else this.#unheard.set(prompt, loop);
    }
  }

  /**
   * Whether the image in progress of this loop is the last before a pause.
   *
   * @param {string} loop
   */
  pauses(loop) {
    if (!this.#running?.loops.has(loop)) return false;
    return this.#running.isLast || this.#running.paused.has(loop);
  }

  /**
   * Whether the image in progress of this loop was cancelled.
   *
   * @param {string} loop
   */
  cancels(loop) {
    return Boolean(this.#running?.isCancelled && this.#running.loops.has(loop));
  }
}

/**
 * @param {Running} running - the last prompt before a pause
 * @param {string | null} loop - the one that was paused
 */
function isLastOf(running, loop) {
  running.isLast = true;
  if (loop !== null) running.loops.add(loop);
}
