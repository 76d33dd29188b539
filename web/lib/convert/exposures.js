import { INPUTS, slotName } from "./workflow.js";

/**
 * @import { SavedNode } from "../../../types/convert.d.ts"
 * @import { Graph, Link } from "./workflow.js"
 */

/**
 * The widgets of a loader that the subgraph's node shows as its own, without a link from anywhere:
 * newer frontends make an input of each widget of a node that becomes part of a subgraph.
 *
 * @param {Graph} graph
 * @param {SavedNode} node
 * @returns {{ link: Link, name: string }[]}
 */
export function exposuresOf(graph, node) {
  if (graph.uses.length !== 1) return [];
  const [around] = graph.uses;
  return graph.to(node.id).flatMap((link) => {
    if (link.from !== INPUTS) return [];
    const name = slotName(graph.inputs, link.fromSlot);
    const place = around.node.inputs?.findIndex((input) => input.name === name) ?? -1;
    const isLinked = around.graph.to(around.node.id).some(({ toSlot }) => toSlot === place);
    const isShared = graph.from(INPUTS, link.fromSlot).length > 1;
    return place === -1 || isLinked || isShared ? [] : [{ link, name }];
  });
}
