import { nodeByExecutionId } from "./graph.js";
import { whichLoop } from "./start_over.js";

/** Finds the Directory Iterator of a loop in the workflow on screen. */
export class Screen {
  #app;
  /** The execution id of each loop's node, and what the node showed when it ran. */
  #seen = new Map();

  constructor(app) {
    this.#app = app;
  }

  /** A node with this execution id has spoken of the loop; returns it, or null. */
  note(executionId, loop) {
    const node = this.#find(executionId);
    if (node) this.#seen.set(loop, { executionId, shown: shownBy(node, loop) });
    return node;
  }

  /** The loop's node; null when another workflow is open, or the node names another folder now. */
  node(loop) {
    const seen = this.#seen.get(loop);
    const node = seen ? this.#find(seen.executionId) : null;
    return node && shownBy(node, loop) === seen.shown ? node : null;
  }

  #find(executionId) {
    return nodeByExecutionId(this.#app.rootGraph ?? this.#app.graph, executionId);
  }
}

function shownBy(node, loop) {
  return JSON.stringify([node.type, whichLoop(node, loop)]);
}
