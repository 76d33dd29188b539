/** The name of the lock that this page holds while it runs a batch. */
const RUNS = "batch-loop/runs";

/**
 * @typedef {object} Locks - what a browser has to keep a page awake, as far as it has it
 * @property {{ request(type: "screen"): Promise<{ release(): Promise<unknown> }> }} [wakeLock]
 * @property {LockManager} [locks]
 */

/**
 * Keeps the machine from going to sleep, and the browser from freezing the page, while a batch runs
 * from it. Browsers allow the former only while the page can be seen, and both only on pages of
 * this machine and over https.
 */
export class Awake {
  #browser;
  #page;
  #isNeeded = false;
  /** Whether the screen is kept on, or will be. */
  #isKept = false;
  /** Gives the page's own lock back; null while it has none. @type {(() => void) | null} */
  #giveBack = null;

  /**
   * @param {object} [parts]
   * @param {Locks} [parts.browser]
   * @param {Pick<Document, "visibilityState" | "addEventListener">} [parts.page]
   */
  constructor({ browser = navigator, page = document } = {}) {
    this.#browser = browser;
    this.#page = page;
    page.addEventListener("visibilitychange", () => {
      // The browser has given the lock back when the page was hidden.
      if (page.visibilityState === "hidden") this.#isKept = false;
      else this.#keepScreenOn();
    });
  }

  /**
   * Stay awake from now on, or no longer.
   *
   * @param {boolean} isNeeded
   */
  need(isNeeded) {
    if (isNeeded === this.#isNeeded) return;
    this.#isNeeded = isNeeded;
    if (isNeeded) {
      this.#keepScreenOn();
      this.#keepPage();
    } else {
      this.#letScreenGo();
      this.#letPageGo();
    }
  }

  /** @type {() => void} */
  #letScreenGo = () => {};

  #keepScreenOn() {
    const { wakeLock } = this.#browser;
    if (!wakeLock || !this.#isNeeded || this.#isKept) return;
    if (this.#page.visibilityState === "hidden") return;
    this.#isKept = true;
    const asked = wakeLock.request("screen");
    this.#letScreenGo = () => {
      this.#isKept = false;
      asked.then((lock) => lock.release()).catch(() => {});
    };
    // A machine with little battery left refuses it.
    asked.catch(() => (this.#isKept = false));
  }

  #keepPage() {
    const held = new Promise((/** @type {(end: void) => void} */ end) => (this.#giveBack = end));
    this.#browser.locks?.request(RUNS, { mode: "shared" }, () => held).catch(() => {});
  }

  #letPageGo() {
    this.#giveBack?.();
    this.#giveBack = null;
  }
}
