import { isIterator } from "./iterators.js";

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
 * The iterator in the same graph that a node's `loop` comes from, or null.
 *
 * @param {Node} node
 * @returns {Node | null}
 */
export function iteratorOf(node) {
  const seen = new Set();
  /** @type {Node | null} */
  let at = node;
  while (at && !seen.has(at)) {
    if (isIterator(at.comfyClass)) return at;
    seen.add(at);
    const slot = (at.inputs ?? []).findIndex(({ name }) => name === "loop");
    at = slot === -1 || !at.graph ? null : at.getInputNode(slot);
  }
  return null;
}

/**
 * The node that an input's value comes from: through reroutes, and out of the subgraphs that the
 * node is in; null if there is none.
 *
 * @param {Graph | null | undefined} root - the whole workflow
 * @param {Node} node
 * @param {string} name - of the input
 * @returns {Node | null}
 */
export function sourceOfInput(root, node, name) {
  const slot = (node.inputs ?? []).findIndex((input) => input.name === name);
  return slot === -1 ? null : sourceOfSlot(root, node, slot, new Set());
}

/**
 * @param {Graph | null | undefined} root
 * @param {Node} node
 * @param {number} slot
 * @param {Set<Node>} seen
 * @returns {Node | null}
 */
function sourceOfSlot(root, node, slot, seen) {
  const { graph } = node;
  if (!graph || seen.has(node)) return null;
  seen.add(node);
  const before = node.getInputNode(slot);
  if (before?.type === "Reroute") return sourceOfSlot(root, before, 0, seen);
  if (before) return before;
  // What comes from outside of a subgraph has no node in it.
  const link = node.getInputLink(slot);
  const around = link && [...nodesOf(root)].find((each) => subgraphOf(each) === graph);
  return around ? sourceOfSlot(root, around, link.origin_slot, seen) : null;
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
