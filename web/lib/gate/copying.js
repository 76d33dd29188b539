/** @import { Batch } from "./batch.js" */
/** @import { OnScreen } from "./on_screen.js" */

/** Keeps a copy of the batch's workflow on the screen, to go on with when another comes there. */
export class Copying {
  #screen;
  #later;
  #here;
  #isBusy = false;
  /** Whether the workflow may have changed since it was copied. */
  #isStale = false;

  /**
   * @param {object} parts
   * @param {Pick<OnScreen, "copy" | "has">} parts.screen
   * @param {() => Batch | null} parts.here - the batch whose workflow is on the screen
   * @param {(turn: () => void) => void} parts.later
   */
  constructor({ screen, here, later }) {
    this.#screen = screen;
    this.#here = here;
    this.#later = later;
  }

  /** The workflow on the screen may have changed. */
  renew() {
    this.#isStale = true;
    if (this.#here()) this.#later(() => this.#copy());
  }

  async #copy() {
    const batch = this.#here();
    if (!batch || !this.#isStale || this.#isBusy || !this.#isHere(batch)) return;
    this.#isStale = false;
    this.#isBusy = true;
    const { behind } = batch;
    try {
      const copy = await this.#screen.copy();
      if (this.#isHere(batch)) {
        batch.copy = copy;
        // Those that were sent meanwhile may not be in it.
        batch.behind -= behind;
      }
    } catch (error) {
      console.warn(`[Batch Loop] the workflow could not be copied: ${error}`);
    } finally {
      this.#isBusy = false;
    }
    if (this.#isStale) this.#later(() => this.#copy());
  }

  /** @param {Batch} batch */
  #isHere(batch) {
    return this.#here() === batch && this.#screen.has(batch);
  }
}
