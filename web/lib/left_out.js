import { leftOut } from "./words.js";

/**
 * @import { App } from "../../types/comfyui.d.ts"
 * @import { AutoQueue } from "./auto_queue.js"
 * @import { Screen } from "./screen.js"
 * @import { Toasts } from "./toasts.js"
 */

const LOOP_END = "BatchLoopLoopEnd";
const TOAST = "left out";

/**
 * Notices when ComfyUI has accepted a prompt without its Loop End because a node before it is not
 * valid. Then no node of the batch runs, so none can report it, and Auto Queue would run the rest
 * of the workflow for ever.
 */
export class LeftOut {
  #app;
  #autoQueue;
  #screen;
  #toasts;

  /**
   * @param {object} parts - the pack's modules of these names, and ComfyUI's `app`
   * @param {Pick<App, "lastNodeErrors">} parts.app - has ComfyUI's last validation errors
   * @param {AutoQueue} parts.autoQueue
   * @param {Screen} parts.screen
   * @param {Toasts} parts.toasts
   */
  constructor({ app, autoQueue, screen, toasts }) {
    this.#app = app;
    this.#autoQueue = autoQueue;
    this.#screen = screen;
    this.#toasts = toasts;
  }

  /** This tab is about to send a prompt. */
  sending() {
    this.#toasts.hide(TOAST);
  }

  /** ComfyUI has accepted a prompt of this tab, perhaps without some of its outputs. */
  accepted() {
    const faults = this.#found();
    if (faults.length === 0) return;
    this.#autoQueue.switchOff();
    this.#toasts.show(TOAST, leftOut(faults));
  }

  /** The faults that keep a Loop End from running; empty if it runs. */
  #found() {
    return Object.entries(this.#app.lastNodeErrors ?? {})
      .filter(([, { dependent_outputs: outputs }]) => this.#hasLoopEnd(outputs))
      .map(([id, { class_type: type, errors }]) => ({
        node: `${this.#screen.find(id)?.title ?? type} #${id}`,
        reason: [errors[0]?.message, errors[0]?.details].filter(Boolean).join(": "),
      }));
  }

  /** @param {(string | number)[]} ids - of nodes, as ComfyUI runs them */
  #hasLoopEnd(ids) {
    return ids.some((id) => this.#screen.find(String(id))?.comfyClass === LOOP_END);
  }
}
