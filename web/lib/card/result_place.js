import { isAtWork } from "../figures.js";
import { NOWHERE } from "../result_folder.js";

/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { ResultFolder } from "../result_folder.js"
 */

/** Where the results of a card's batch are: looked up after its first one, and when a run ends. */
export class ResultPlace {
  #resultsOf;
  #changed;
  /** The state of the batch in which it was last looked up. */
  #asked = "";
  /** The batch that `where` is of. */
  #batch = "";
  /** What is known of it. */
  where = NOWHERE;

  /**
   * @param {(loop: string) => Promise<ResultFolder>} resultsOf - the folder with a loop's results
   * @param {() => void} changed - called when `where` is another one
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
    if (batch !== this.#batch) [this.#batch, this.where, this.#asked] = [batch, NOWHERE, ""];
    if (!state || !batch) return;
    const asked = `${batch} ${isAtWork(state)}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    const where = await this.#resultsOf(state.id).catch(() => NOWHERE);
    if (batch !== this.#batch) return;
    // While its prompt runs, not every saver has said what it has saved.
    if (!where.folder && isAtWork(state)) this.#asked = "";
    const { folder, isOneOfSeveral } = this.where;
    if (!where.folder || (where.folder === folder && where.isOneOfSeveral === isOneOfSeveral)) return;
    this.where = where;
    this.#changed();
  }
}
