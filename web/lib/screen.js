import { whichLoop } from "./card/folder_settings.js";
import { TITLE } from "./convert/place.js";
import { nodeByExecutionId } from "./graph.js";

/** @import { App, Node } from "../../types/comfyui.d.ts" */

/** Finds nodes in the workflow on screen, by execution id or by the loop they work on. */
export class Screen {
  #app;
  #nextFrame;
  /**
   * The execution id of each loop's node, and the folder it showed when it ran.
   *
   * @type {Map<string, { executionId: string, shown: string }>}
   */
  #seen = new Map();

  /**
   * @param {App} app
   * @param {{ nextFrame?: () => Promise<unknown> }} [options] - `nextFrame` waits until the page
   *   has been drawn
   */
  constructor(app, { nextFrame = () => new Promise(requestAnimationFrame) } = {}) {
    this.#app = app;
    this.#nextFrame = nextFrame;
  }

  /**
   * A node with this execution id has reported on the loop; returns it, or null.
   *
   * @param {string} executionId
   * @param {string} loop
   */
  note(executionId, loop) {
    const node = this.find(executionId);
    if (node) this.#seen.set(loop, { executionId, shown: shownBy(node, loop) });
    return node;
  }

  /**
   * The loop's node; null if another workflow is open, or the node now has another folder.
   *
   * @param {string} loop
   */
  node(loop) {
    const seen = this.#seen.get(loop);
    if (!seen) return null;
    const node = this.find(seen.executionId);
    return node && shownBy(node, loop) === seen.shown ? node : null;
  }

  /**
   * The node with this execution id, or null.
   *
   * @param {string} executionId
   */
  find(executionId) {
    return nodeByExecutionId(this.#app.rootGraph ?? this.#app.graph, executionId);
  }

  /**
   * Open the graph that a node is in, select the node, and center it.
   *
   * @param {Node} node
   * @param {{ unlessSeen?: boolean }} [options] - `unlessSeen` whether to leave the canvas where it
   *   is if all of the node can be seen
   */
  async goTo(node, { unlessSeen = false } = {}) {
    const { canvas } = this.#app;
    // After a click on a card, ComfyUI selects the card's node.
    await this.#nextFrame();
    if (node.graph && canvas.graph !== node.graph) {
      canvas.setGraph(node.graph);
      // After opening a subgraph, ComfyUI restores the part of it that was last in view.
      await this.#nextFrame();
      await this.#nextFrame();
    }
    canvas.deselectAll();
    canvas.selectNode(node);
    if (!unlessSeen || !this.#isSeen(node)) canvas.centerOnNode(node);
    canvas.setDirty(true, true);
  }

  /**
   * Whether all of a node of the graph on screen can be seen.
   *
   * @param {Node} node
   */
  #isSeen({ pos: [x, y], size: [width, height] }) {
    const { ds, canvas } = this.#app.canvas;
    const { left, top } = canvas.getBoundingClientRect();
    // What of the canvas is not covered by a side panel.
    const free = (document.querySelector(".graph-canvas-panel") ?? canvas).getBoundingClientRect();
    const [startX, startY] = ds.convertOffsetToCanvas([x, y - TITLE]);
    const [endX, endY] = ds.convertOffsetToCanvas([x + width, y + height]);
    const isWide = left + startX >= free.left && left + endX <= free.right;
    return isWide && top + startY >= free.top && top + endY <= free.bottom;
  }
}

/**
 * @param {Node} node
 * @param {string} loop
 */
function shownBy(node, loop) {
  return JSON.stringify([node.type, whichLoop(node, loop)]);
}
