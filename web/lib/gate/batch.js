/** @import { Workflow } from "../../../types/comfyui.d.ts" */
/** @import { Copy } from "./copy.js" */

/** A batch that this page sends the prompts of, or has sent until it paused. */
export class Batch {
  /** Its loops, as far as its nodes have reported them. @type {Set<string>} */
  loops = new Set();
  /** Its workflow as it was last on screen; null if it could not be copied. @type {Copy | null} */
  copy = null;
  /** How many runs have been sent since the copy was made. */
  behind = 0;
  /** The mode of Run to go on in. */
  mode = "";
  /** Whether ComfyUI is sending a prompt, as far as it has said. */
  isPending = false;
  /** Whether the page is sending a prompt. */
  isSending = false;
  /** How many times in a row its workflow was seen on the screen again. */
  seen = 0;

  /**
   * @param {Workflow | null} workflow - ComfyUI's own object
   * @param {string | undefined} graphId - the id that ComfyUI has given it, if it has
   */
  constructor(workflow, graphId) {
    this.workflow = workflow;
    this.graphId = graphId;
  }

  /** Whether the page can send it while another workflow is on the screen. */
  get canGoOn() {
    return this.copy !== null && !this.copy.needsAccount;
  }

  /** Whether it has one of these loops. @param {Iterable<string>} loops */
  has(loops) {
    return [...loops].some((loop) => this.loops.has(loop));
  }

  /** The prompt to send next. */
  next() {
    const { copy } = this;
    // What ComfyUI has sent since then had these values.
    for (; this.behind > 0; this.behind -= 1) copy?.advance();
    return copy?.next();
  }
}
