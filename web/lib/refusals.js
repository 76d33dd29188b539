/** @import { App } from "../../types/comfyui.d.ts" */

/** Time between two checks, in ms: less than a person needs between two clicks. */
const EVERY = 100;

/**
 * Notices when ComfyUI has accepted none of the prompts that this tab tried to send, for example
 * because the folder does not exist.
 *
 * Newer frontends report only accepted prompts as sent, so the only sign is that they have stopped
 * sending. Frontends that do not show this report every attempt.
 */
export class Refusals {
  #app;
  #later;
  /** Increases whenever a pending check becomes obsolete. */
  #turn = 0;

  /**
   * @param {object} parts
   * @param {Pick<App, "processingQueue">} parts.app
   * @param {(look: () => void) => void} [parts.later] - runs `look` after a while
   */
  constructor({ app, later = (look) => setTimeout(look, EVERY) }) {
    this.#app = app;
    this.#later = later;
  }

  /**
   * This tab is about to send a prompt; calls `refused` if none is accepted.
   *
   * @param {() => void} refused
   */
  sending(refused) {
    const turn = (this.#turn += 1);
    const look = () => {
      if (turn !== this.#turn || this.#app.processingQueue === undefined) return;
      if (this.#app.processingQueue) this.#later(look);
      else refused();
    };
    this.#later(look);
  }

  /** ComfyUI has accepted a prompt of this tab. */
  sent() {
    this.#turn += 1;
  }
}
