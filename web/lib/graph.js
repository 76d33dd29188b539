/**
 * The node that an execution id ("7", or "5:7" for node 7 inside the subgraph node 5) names.
 *
 * @returns {object | null} null when the graph on screen has no such node
 */
export function nodeByExecutionId(root, executionId) {
  const path = String(executionId);
  const whole = nodeById(root, path);
  if (whole) return whole;
  // Newer frontends may have a colon in an id itself, so each one is tried as the border.
  for (let end = path.indexOf(":"); end !== -1; end = path.indexOf(":", end + 1)) {
    const inner = nodeById(root, path.slice(0, end))?.subgraph;
    const node = inner && nodeByExecutionId(inner, path.slice(end + 1));
    if (node) return node;
  }
  return null;
}

function nodeById(graph, id) {
  return graph?.getNodeById(id) ?? null;
}
