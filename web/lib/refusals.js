/** @import { App } from "../../types/comfyui.d.ts" */

/** How long between two looks, in ms: a person needs longer from a click to the next. */
const EVERY = 100;

/**
 * Knows when ComfyUI has taken none of the prompts that this tab was about to send, as for a folder
 * that is not there.
 *
 * Newer frontends report only what was taken as sent. That they have ended sending is all that
 * tells; frontends that do not show it report each turn.
 */
export class Refusals {
  #app;
  #later;
  /** Counts what would end a look. */
  #turn = 0;

  /**
   * @param {object} parts
   * @param {Pick<App, "processingQueue">} parts.app
   * @param {(look: () => void) => void} [parts.later] - runs it after a while
   */
  constructor({ app, later = (look) => setTimeout(look, EVERY) }) {
    this.#app = app;
    this.#later = later;
  }

  /**
   * This tab is about to send a prompt; calls `refused` if none is taken.
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

  /** ComfyUI has taken a prompt of this tab. */
  sent() {
    this.#turn += 1;
  }
}
