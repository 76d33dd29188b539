import { nodesOf } from "../graph.js";
import { ITERATORS, isIterator } from "../iterators.js";
import { copyOf } from "./copy.js";

/** @import { App, Workflow } from "../../../types/comfyui.d.ts" */
/** @import { Batch } from "./batch.js" */

/** The workflow that is on the screen, which is the one that ComfyUI queues. */
export class OnScreen {
  #app;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
  }

  /** ComfyUI's object of the workflow, if the frontend has them. */
  get workflow() {
    return this.#app.extensionManager?.workflow?.activeWorkflow ?? null;
  }

  /** The id that ComfyUI has given the workflow, if it has. @returns {string | undefined} */
  get graphId() {
    return this.#graph?.id === undefined ? undefined : String(this.#graph.id);
  }

  /**
   * Whether a batch's workflow is on the screen. Newer frontends open a workflow in the tab of
   * another one with its name, so the name alone does not tell.
   *
   * @param {Pick<Batch, "graphId" | "workflow">} batch
   */
  has({ graphId, workflow }) {
    if (workflow !== this.workflow || graphId !== this.graphId) return false;
    for (const node of nodesOf(this.#graph)) if (isIterator(node.comfyClass)) return true;
    return false;
  }

  /** Copy the workflow. */
  copy() {
    return copyOf(this.#app);
  }

  /**
   * Give the workflow the values that its copy has come to.
   *
   * @param {Batch} batch
   */
  giveBack({ behind, copy }) {
    const graph = this.#graph;
    if (!copy || !graph || behind > 0) return;
    copy.giveBack(graph);
    graph.setDirtyCanvas(true, true);
  }

  /**
   * Open a batch's workflow. If its tab has been closed, ComfyUI makes another one.
   *
   * @param {Batch} batch
   */
  async open(batch) {
    const { workflow, copy } = batch;
    const isOpen = workflow && this.#isOpen(workflow);
    // In its tab there may be another workflow of its name; and 1.49, when one in the API's format
    // is dropped onto the page, keeps the nodes of that one as the state of the tab that it leaves.
    const isElsewhere = isOpen && workflow !== this.workflow;
    const inTab = isElsewhere ? JSON.stringify(workflow.activeState ?? null) : "";
    const text = ITERATORS.some((type) => inTab.includes(type)) ? inTab : JSON.stringify(copy?.workflow ?? null);
    const data = JSON.parse(text);
    if (!data) return;
    const target = /** @type {any} */ (isOpen ? workflow : nameOf(workflow));
    await this.#app.loadGraphData(data, true, true, target);
    batch.workflow = this.workflow;
    batch.graphId = this.graphId;
  }

  /** @param {Workflow} workflow */
  #isOpen(workflow) {
    const open = this.#app.extensionManager?.workflow?.openWorkflows ?? [];
    return open.some((one) => one === workflow);
  }

  get #graph() {
    return this.#app.rootGraph ?? this.#app.graph;
  }
}

/**
 * The name of a workflow, as on its tab.
 *
 * @param {Workflow | null} workflow
 */
export function nameOf(workflow) {
  return workflow?.filename ?? "workflow";
}
