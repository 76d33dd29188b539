import { leftOut } from "./words.js";

/**
 * @import { App, Fault } from "../../types/comfyui.d.ts"
 * @import { AutoQueue } from "./auto_queue.js"
 * @import { Screen } from "./screen.js"
 * @import { Toasts } from "./toasts.js"
 */

const LOOP_END = "BatchLoopLoopEnd";
const TOAST = "left out";

/**
 * Knows when ComfyUI has taken a prompt without its Loop End, as something before that is not
 * valid. Then no node of the batch runs, none can say so, and Auto Queue would turn for ever on
 * whatever else there is in the workflow.
 */
export class LeftOut {
  #app;
  #autoQueue;
  #screen;
  #toasts;
  /** Whether the server's queue has changed since this tab began to send: it may be by that. */
  #taken = false;
  /**
   * What is wrong with the prompt that was sent last, until it is told.
   *
   * @type {Fault[]}
   */
  #faults = [];

  /**
   * @param {object} parts - the pack's modules of these names, and
   * @param {Pick<App, "lastNodeErrors">} parts.app - what ComfyUI has answered
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
    this.#taken = false;
    this.#faults = [];
    this.#toasts.hide(TOAST);
  }

  /** This tab has sent what it was asked to, and ComfyUI has answered. */
  sent() {
    this.#faults = this.#found();
    if (this.#taken) this.#tell();
  }

  /** The server's queue has changed: of a prompt that is refused as a whole, it does not. */
  queueChanged() {
    this.#taken = true;
    this.#tell();
  }

  #tell() {
    if (this.#faults.length === 0) return;
    this.#autoQueue.switchOff();
    this.#toasts.show(TOAST, leftOut(this.#faults));
    this.#faults = [];
  }

  /** What keeps a Loop End from running; nothing where it does run. */
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
