/** Knows whether another tab of this browser runs a loop, as far as it was looked. */
export class OtherTab {
  #isElsewhere;
  #changed;
  /** How many times it was looked: an answer to an earlier look is obsolete. */
  #looks = 0;
  /** The loop that another tab runs. @type {string | null} */
  #loop = null;

  /**
   * @param {(loop: string) => Promise<boolean>} isElsewhere - asks the browser
   * @param {() => void} changed - called when the answer is another one than before
   */
  constructor(isElsewhere, changed) {
    this.#isElsewhere = isElsewhere;
    this.#changed = changed;
  }

  /**
   * Whether another tab runs this loop.
   *
   * @param {string | null} loop - null if it is not known
   */
  runs(loop) {
    return loop !== null && loop === this.#loop;
  }

  /**
   * Look anew: a tab tells no other when it begins or ends.
   *
   * @param {string | null} loop - null if it is not known
   */
  async look(loop) {
    const look = (this.#looks += 1);
    const found = loop !== null && (await this.#isElsewhere(loop)) ? loop : null;
    if (look !== this.#looks || found === this.#loop) return;
    this.#loop = found;
    this.#changed();
  }
}
