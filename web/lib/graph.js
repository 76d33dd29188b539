/** @import { Graph, Node } from "../../types/comfyui.d.ts" */

/**
 * The node with an execution id ("7", or "5:7" for node 7 inside the subgraph node 5).
 *
 * @param {Graph | null | undefined} root - the whole workflow
 * @param {string | number} executionId
 * @returns {Node | null} null when the graph on screen has no such node
 */
export function nodeByExecutionId(root, executionId) {
  const path = String(executionId);
  const whole = nodeById(root, path);
  if (whole) return whole;
  // In newer frontends, ids themselves may contain colons, so each one is tried as the separator.
  for (let end = path.indexOf(":"); end !== -1; end = path.indexOf(":", end + 1)) {
    const inner = subgraphOf(nodeById(root, path.slice(0, end)));
    const node = inner && nodeByExecutionId(inner, path.slice(end + 1));
    if (node) return node;
  }
  return null;
}

/**
 * All nodes of a graph and its subgraphs; a subgraph that is used twice is visited once.
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
 * The Directory Iterator (`type`) in the same graph that a node's `loop` comes from, or null.
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
 * The graph inside a node; undefined if it is not a subgraph.
 *
 * @param {(Node & { subgraph?: Graph }) | null} node
 */
function subgraphOf(node) {
  return node?.subgraph;
}
