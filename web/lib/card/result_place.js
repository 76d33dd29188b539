import { isAtWork } from "../figures.js";

/** @import { Loop } from "../../../types/server.d.ts" */

/** Where the results of a card's batch are: looked up after its first one, and when a run ends. */
export class ResultPlace {
  #resultsOf;
  #changed;
  /** The state of the batch in which it was last looked up. */
  #asked = "";
  /** The batch that `folder` is of. */
  #batch = "";
  /** The full path; "" while there are no results, or nobody has said where. */
  folder = "";

  /**
   * @param {(loop: string) => Promise<string>} resultsOf - the folder with a loop's results
   * @param {() => void} changed - called when `folder` is another one
   */
  constructor(resultsOf, changed) {
    this.#resultsOf = resultsOf;
    this.#changed = changed;
  }

  /**
   * The batch stands like this now.
   *
   * @param {Loop | null} state - null if there is none
   */
  async note(state) {
    const batch = state && state.done > 0 ? `${state.id} ${state.batch}` : "";
    if (batch !== this.#batch) [this.#batch, this.folder, this.#asked] = [batch, "", ""];
    if (!state || !batch) return;
    const asked = `${batch} ${isAtWork(state)}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    const folder = await this.#resultsOf(state.id).catch(() => "");
    if (batch !== this.#batch) return;
    // While its prompt runs, not every saver has said what it has saved.
    if (!folder && isAtWork(state)) this.#asked = "";
    if (!folder || folder === this.folder) return;
    this.folder = folder;
    this.#changed();
  }
}
