/** How often the server is asked while something runs. */
const EVERY_MS = 2_000;
/** Events come in crowds: what they tell is asked for once. */
const SOON_MS = 400;

/**
 * @typedef {object} Clock
 * @property {() => number} now - milliseconds
 * @property {(turn: () => void, ms: number) => number} setTimer
 * @property {(timer: number) => void} clearTimer
 */

/** Calls `look` when something has happened, and now and then while something goes on. */
export class Follower {
  #look;
  #isHidden;
  #clock;
  /** @type {number | null} */
  #timer = null;
  #due = Infinity;
  #isLooking = false;
  #isAskedAgain = false;
  #isExpected = false;

  /**
   * @param {object} given
   * @param {() => Promise<boolean>} given.look - tells whether something is under way
   * @param {() => boolean} [given.isHidden] - whether nobody can see the page
   * @param {Clock} [given.clock]
   */
  constructor({ look, isHidden = () => document.hidden, clock = CLOCK }) {
    this.#look = look;
    this.#isHidden = isHidden;
    this.#clock = clock;
  }

  /** Look in a moment. */
  soon() {
    this.#within(SOON_MS);
  }

  /** Look when nothing has been changed for a moment: a person may be typing. */
  whenSettled() {
    this.#cancel();
    this.#within(SOON_MS);
  }

  /**
   * Whether something may come to be under way, as the server's queue is not empty.
   *
   * @param {boolean} isExpected
   */
  expect(isExpected) {
    this.#isExpected = isExpected;
    this.soon();
  }

  /** @param {number} ms */
  #within(ms) {
    const due = this.#clock.now() + ms;
    if (this.#timer !== null && this.#due <= due) return;
    this.#cancel();
    this.#due = due;
    this.#timer = this.#clock.setTimer(() => this.#turn(), ms);
  }

  #cancel() {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  async #turn() {
    this.#timer = null;
    // What is missed is asked for when the page is seen again, see `soon`.
    if (this.#isHidden()) return;
    if (this.#isLooking) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isLooking = true;
    let goesOn = false;
    try {
      goesOn = await this.#look();
    } finally {
      this.#isLooking = false;
      if (this.#isAskedAgain) this.soon();
      else if (goesOn || this.#isExpected) this.#within(EVERY_MS);
      this.#isAskedAgain = false;
    }
  }
}

/** @type {Clock} */
const CLOCK = {
  now: () => performance.now(),
  setTimer: (turn, ms) => window.setTimeout(turn, ms),
  clearTimer: (timer) => clearTimeout(timer),
};
