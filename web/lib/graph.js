/** @import { Graph, Node } from "../../types/comfyui.d.ts" */

/**
 * The node that an execution id ("7", or "5:7" for node 7 inside the subgraph node 5) names.
 *
 * @param {Graph | null | undefined} root - the whole workflow
 * @param {string | number} executionId
 * @returns {Node | null} null when the graph on screen has no such node
 */
export function nodeByExecutionId(root, executionId) {
  const path = String(executionId);
  const whole = nodeById(root, path);
  if (whole) return whole;
  // Newer frontends may have a colon in an id itself, so each one is tried as the border.
  for (let end = path.indexOf(":"); end !== -1; end = path.indexOf(":", end + 1)) {
    const inner = subgraphOf(nodeById(root, path.slice(0, end)));
    const node = inner && nodeByExecutionId(inner, path.slice(end + 1));
    if (node) return node;
  }
  return null;
}

/**
 * Every node of a graph, and of the subgraphs in it; of a subgraph in two places once.
 *
 * @param {Graph | null | undefined} graph
 * @param {Set<object>} [seen]
 * @returns {Generator<Node>}
 */
export function* nodesOf(graph, seen = new Set()) {
  if (!graph || seen.has(graph)) return;
  seen.add(graph);
  for (const node of graph.nodes ?? []) {
    yield node;
    yield* nodesOf(subgraphOf(node), seen);
  }
}

/**
 * The Directory Iterator (`type`) from which a node has its `loop`, in the same graph; or null.
 *
 * @param {Node} node
 * @param {string} type
 * @returns {Node | null}
 */
export function iteratorOf(node, type) {
  const seen = new Set();
  /** @type {Node | null} */
  let at = node;
  while (at && !seen.has(at)) {
    if (at.comfyClass === type) return at;
    seen.add(at);
    const slot = (at.inputs ?? []).findIndex(({ name }) => name === "loop");
    at = slot === -1 || !at.graph ? null : at.getInputNode(slot);
  }
  return null;
}

/**
 * @param {Graph | null | undefined} graph
 * @param {string} id
 */
function nodeById(graph, id) {
  return graph?.getNodeById(id) ?? null;
}

/**
 * The graph inside of a node; undefined for a node that is no subgraph.
 *
 * @param {(Node & { subgraph?: Graph }) | null} node
 */
function subgraphOf(node) {
  return node?.subgraph;
}
