/** @import { App } from "../../types/comfyui.d.ts" */

/** Time between two checks, in ms: less than a person needs between two clicks. */
const EVERY = 100;

/**
 * Notices when ComfyUI has refused a prompt of this tab, for example because the folder does not
 * exist.
 *
 * Newer frontends report nothing then, so the only sign is that they have stopped sending. Older
 * ones do not show whether they are sending, but report the end of every attempt.
 */
export class Refusals {
  #app;
  #later;
  /** Increases whenever a pending check becomes obsolete. */
  #turn = 0;
  /**
   * Called if the prompt that is being sent is refused; null once that is known.
   *
   * @type {(() => void) | null}
   */
  #refused = null;

  /**
   * @param {object} parts
   * @param {Pick<App, "processingQueue" | "lastNodeErrors">} parts.app - `lastNodeErrors` are the
   *   validation errors of the prompt that was sent last
   * @param {(look: () => void) => void} [parts.later] - runs `look` after a while
   */
  constructor({ app, later = (look) => setTimeout(look, EVERY) }) {
    this.#app = app;
    this.#later = later;
  }

  /**
   * This tab is about to send a prompt; calls `refused` if ComfyUI refuses it.
   *
   * @param {() => void} refused
   */
  sending(refused) {
    const turn = (this.#turn += 1);
    this.#refused = refused;
    const look = () => {
      if (turn !== this.#turn || this.#app.processingQueue === undefined) return;
      if (this.#app.processingQueue) this.#later(look);
      else this.#settle()?.();
    };
    this.#later(look);
  }

  /** ComfyUI has accepted the prompt. */
  accepted() {
    this.#settle();
  }

  /** The frontend reports that it has finished sending. */
  sent() {
    const refused = this.#settle();
    // Some frontends do not report acceptance if the user has opened another workflow meanwhile.
    if (Object.keys(this.#app.lastNodeErrors ?? {}).length > 0) refused?.();
  }

  /** It is known what has become of the prompt. */
  #settle() {
    const refused = this.#refused;
    this.#refused = null;
    this.#turn += 1;
    return refused;
  }
}
