/** How often the server is asked while something runs, and while nothing does. */
const RUNNING_MS = 2_000;
const IDLE_MS = 10_000;
/** How soon after an event: several come together. */
const SOON_MS = 500;

/** Asks the server again and again while somebody can see the answer. */
export class Follow {
  #ask;
  #isShown;
  #page;
  #later;
  #on = false;
  #asking = false;
  /** Whether something has happened that the last answer may not hold yet. */
  #news = false;
  #cancel = () => {};

  /**
   * @param {object} given
   * @param {() => Promise<boolean>} given.ask - asks and shows; whether something runs
   * @param {() => boolean} given.isShown - whether the answer is in the page
   * @param {Pick<Document, "visibilityState" | "addEventListener" | "removeEventListener">} [given.page]
   * @param {(turn: () => void, ms: number) => () => void} [given.later] - calls after some ms,
   *   unless what it returns is called before
   */
  constructor({ ask, isShown, page = document, later = defaultLater }) {
    this.#ask = ask;
    this.#isShown = isShown;
    this.#page = page;
    this.#later = later;
  }

  /** Ask now, and go on. */
  start() {
    if (!this.#on) this.#page.addEventListener("visibilitychange", this.#look);
    this.#on = true;
    this.#look();
  }

  /** Ask no more. */
  stop() {
    this.#on = false;
    this.#cancel();
    this.#page.removeEventListener("visibilitychange", this.#look);
  }

  /** Something has happened: ask soon. */
  nudge() {
    if (this.#news) return; // it is on its way
    this.#news = true;
    if (!this.#asking) this.#plan(SOON_MS);
  }

  get #isHidden() {
    return this.#page.visibilityState === "hidden";
  }

  #look = () => {
    this.#cancel();
    if (this.#asking) this.#news = true;
    else this.#turn();
  };

  async #turn() {
    if (!this.#on || this.#isHidden) return;
    this.#asking = true;
    this.#news = false;
    let runs = false;
    try {
      runs = await this.#ask();
    } finally {
      this.#asking = false;
      // Not looked at before: ComfyUI has a tab drawn before it puts it into the page.
      if (!this.#isShown()) this.stop();
      this.#plan(this.#news ? SOON_MS : runs ? RUNNING_MS : IDLE_MS);
    }
  }

  /** @param {number} ms */
  #plan(ms) {
    this.#cancel();
    if (this.#on && !this.#isHidden) this.#cancel = this.#later(() => this.#turn(), ms);
  }
}

/**
 * @param {() => void} turn
 * @param {number} ms
 */
function defaultLater(turn, ms) {
  const timer = setTimeout(turn, ms);
  return () => clearTimeout(timer);
}
