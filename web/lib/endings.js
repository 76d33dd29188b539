import { loopOf } from "./questions.js";

/**
 * @import { Loop } from "../../types/server.d.ts"
 * @import { Poller } from "./poller.js"
 * @import { Answers } from "./questions.js"
 */

/**
 * Batches that have ended in this page, until the server has told of it. Its last answer is of
 * before, and would have a page that goes on with them no more offer to continue them.
 */
export class Endings {
  #following;
  #changed;
  /** @type {Set<string>} */
  #loops = new Set();

  /**
   * @param {object} given
   * @param {Pick<Poller, "follow">} given.poller
   * @param {() => void} given.changed - called when the server has told something else
   */
  constructor({ poller, changed }) {
    this.#changed = changed;
    this.#following = poller.follow({
      questions: () => [...this.#loops].map(loopOf),
      told: (answers) => this.#told(answers),
    });
  }

  /**
   * The nodes of a prompt that has succeeded have said that these loops are complete.
   *
   * @param {string[]} loops
   */
  begin(loops) {
    for (const loop of loops) this.#loops.add(loop);
    this.#following.renew();
  }

  /**
   * Whether what is known of a loop is of before its end.
   *
   * @param {Pick<Loop, "id" | "complete"> | null} state
   */
  isBefore(state) {
    return state !== null && !state.complete && this.#loops.has(state.id);
  }

  /** @param {Answers} answers */
  #told(answers) {
    for (const loop of [...this.#loops]) {
      const answer = answers.get(loopOf(loop));
      if (!answer) continue;
      this.#loops.delete(loop);
      // A server that is away may not be back for long, and the batch may have begun again.
      if (!answer.value?.complete) this.#changed();
    }
  }
}
