/** @import { Loop } from "../../../types/server.d.ts" */

/** Tells when a Start over can no longer be undone, as then no change brings news of its loop. */
export class UndoEnds {
  #timeTo;
  #ended;
  #wait;
  /** The times that are waited for, by the server's clock. @type {Set<number>} */
  #awaited = new Set();

  /**
   * @param {object} parts
   * @param {(until: number) => number} parts.timeTo - how long it is until then, in ms
   * @param {() => void} parts.ended - called when the time for one is over
   * @param {(turn: () => void, ms: number) => void} parts.wait - runs `turn` after so many ms
   */
  constructor({ timeTo, ended, wait }) {
    this.#timeTo = timeTo;
    this.#ended = ended;
    this.#wait = wait;
  }

  /** @param {Pick<Loop, "undo_until"> | null} state - of a loop */
  note(state) {
    const until = state?.undo_until ?? null;
    if (until === null || this.#awaited.has(until)) return;
    this.#awaited.add(until);
    this.#wait(() => {
      this.#awaited.delete(until);
      this.#ended();
    }, Math.max(SOONEST_MS, this.#timeTo(until)));
  }
}

/** So that a server whose clock cannot be told is not asked without a pause. */
const SOONEST_MS = 1000;
