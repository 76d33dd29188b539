import { iteratorOf, nodesOf } from "./graph.js";
import { leftOut } from "./words.js";

/**
 * @import { App, Node } from "../../types/comfyui.d.ts"
 * @import { Stopping } from "./gate/stopping.js"
 * @import { Screen } from "./screen.js"
 * @import { Toasts } from "./toasts.js"
 */

const LOOP_END = "BatchLoopLoopEnd";
const SAVERS = ["BatchLoopSaveImage", "BatchLoopSaveText", "BatchLoopSaveVideo"];
const TOAST = "left out";

/**
 * Notices when ComfyUI has accepted a prompt without its Loop End, or the Save Image (Batch) that
 * takes its place, because a node before it is not valid. Then no node of the batch runs, so none
 * can report it, and Auto Queue would run the rest of the workflow for ever.
 */
export class LeftOut {
  #app;
  #screen;
  #stopping;
  #toasts;

  /**
   * @param {object} parts - the pack's modules of these names, and ComfyUI's `app`
   * @param {Pick<App, "lastNodeErrors" | "graph" | "rootGraph">} parts.app - has ComfyUI's last
   *   validation errors
   * @param {Screen} parts.screen
   * @param {Pick<Stopping, "stopHere">} parts.stopping
   * @param {Toasts} parts.toasts
   */
  constructor({ app, screen, stopping, toasts }) {
    this.#app = app;
    this.#screen = screen;
    this.#stopping = stopping;
    this.#toasts = toasts;
  }

  /** This tab is about to send a prompt. */
  sending() {
    this.#toasts.hide(TOAST);
  }

  /** ComfyUI has accepted a prompt of this tab, perhaps without some of its outputs. */
  accepted() {
    const found = Object.entries(this.#app.lastNodeErrors ?? {})
      .map(([id, error]) => ({ id, ...error, end: this.#endAmong(error.dependent_outputs) }))
      .filter(({ end }) => end !== undefined);
    if (found.length === 0) return;
    const faults = found.map(({ id, class_type: type, errors }) => ({
      node: `${this.#screen.find(id)?.title ?? type} #${id}`,
      reason: [errors[0]?.message, errors[0]?.details].filter(Boolean).join(": "),
    }));
    this.#stopping.stopHere();
    this.#toasts.show(TOAST, leftOut(found[0].end?.title ?? "", faults));
  }

  /**
   * The node that ends an image's turn among nodes that do not run; undefined if there is none.
   *
   * @param {(string | number)[]} ids - of nodes, as ComfyUI runs them
   */
  #endAmong(ids) {
    const nodes = ids.map((id) => this.#screen.find(String(id)));
    const loopEnd = nodes.find((node) => node?.comfyClass === LOOP_END);
    return loopEnd ?? nodes.find((node) => this.#ends(node));
  }

  /**
   * Whether a node is a saver that ends its image's turn, as no Loop End does.
   *
   * @param {Node | null} saver
   */
  #ends(saver) {
    if (!saver || !SAVERS.includes(saver.comfyClass ?? "")) return false;
    const iterator = iteratorOf(saver);
    for (const node of nodesOf(this.#app.rootGraph ?? this.#app.graph)) {
      if (node.comfyClass !== LOOP_END) continue;
      const other = iteratorOf(node);
      // A link that leads out of a subgraph may lead anywhere.
      if (other === iterator || other === null || iterator === null) return false;
    }
    return true;
  }
}
