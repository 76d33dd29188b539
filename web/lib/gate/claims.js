/** What a browser tells of locks that it denies. @type {LockManagerSnapshot} */
const NONE = {};

/**
 * Which batches this tab runs, and no other tab of the same browser: two would each send prompts
 * for the same images. In browsers and pages without locks, nothing is claimed.
 */
export class Claims {
  #locks;
  /** What ends the claim on each loop. @type {Map<string, () => void>} */
  #held = new Map();

  /** @param {LockManager | undefined} [locks] */
  constructor(locks = navigator.locks) {
    this.#locks = locks;
  }

  /**
   * Claim a loop; calls `refused` if another tab has it.
   *
   * @param {string} loop
   * @param {() => void} refused
   */
  claim(loop, refused) {
    if (!this.#locks || this.#held.has(loop)) return;
    const held = new Promise((/** @type {(end: void) => void} */ end) => {
      this.#held.set(loop, end);
    });
    this.#locks
      .request(nameOf(loop), { ifAvailable: true }, (lock) => {
        if (lock) return held;
        this.#held.delete(loop);
        refused();
        return undefined;
      })
      .catch(() => this.#held.delete(loop));
  }

  /**
   * Whether another tab has claimed one of these loops.
   *
   * @param {string[]} loops
   */
  async areElsewhere(loops) {
    const others = new Set(loops.filter((loop) => !this.#held.has(loop)).map(nameOf));
    if (others.size === 0 || !this.#locks) return false;
    const { held = [] } = await this.#locks.query().catch(() => NONE);
    return held.some(({ name = "" }) => others.has(name));
  }

  /**
   * End the claim on a loop.
   *
   * @param {string} loop
   */
  release(loop) {
    this.#held.get(loop)?.();
    this.#held.delete(loop);
  }
}

/** @param {string} loop */
function nameOf(loop) {
  return `batch-loop/loop/${loop}`;
}
