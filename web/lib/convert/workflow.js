/**
 * @import { Id, SavedGraph, SavedLink, SavedNode } from "../../../types/convert.d.ts"
 * @import { SavedSlot, SavedWorkflow } from "../../../types/convert.d.ts"
 */

/** The name of the outermost graph. */
export const ROOT = "";

/** The ids that links name for a subgraph's own inputs and outputs. */
export const INPUTS = "-10";
export const OUTPUTS = "-20";

/**
 * @typedef {object} Link
 * @property {string} id
 * @property {string} from - a node's id, or INPUTS
 * @property {number} fromSlot
 * @property {string} to - a node's id, or OUTPUTS
 * @property {number} toSlot
 * @property {number} [parentId] - the last reroute on the way
 */

/** @typedef {{ graph: Graph, node: SavedNode }} Place - a node, and the graph that it is in */

/** One graph of a saved workflow: the outermost, or that of a subgraph. */
export class Graph {
  id;
  name;
  inputs;
  outputs;
  /** @type {Map<string, SavedNode>} */
  nodes = new Map();
  /** @type {Link[]} */
  links;
  /**
   * The nodes that stand for this subgraph.
   *
   * @type {Place[]}
   */
  uses = [];

  /**
   * @param {string} id
   * @param {SavedGraph} saved
   */
  constructor(id, saved) {
    this.id = id;
    this.name = saved.name ?? "";
    this.inputs = saved.inputs ?? [];
    this.outputs = saved.outputs ?? [];
    for (const node of saved.nodes) this.nodes.set(String(node.id), node);
    const reroutes = new Map(
      (saved.extra?.linkExtensions ?? []).map(({ id: link, parentId }) => [String(link), parentId]),
    );
    this.links = (saved.links ?? []).map((link) => asLink(link, reroutes));
  }

  /**
   * The links that begin at a node, or at one of its outputs.
   *
   * @param {Id} node
   * @param {number} [slot]
   */
  from(node, slot) {
    return this.links.filter(
      ({ from, fromSlot }) =>
        from === String(node) && (slot === undefined || fromSlot === slot),
    );
  }

  /**
   * The links that end at a node.
   *
   * @param {Id} node
   */
  to(node) {
    return this.links.filter(({ to }) => to === String(node));
  }
}

/** A saved workflow, with all its graphs. */
export class Workflow {
  /** @type {Map<string, Graph>} */
  graphs = new Map();

  /** @param {SavedWorkflow} saved */
  constructor(saved) {
    this.graphs.set(ROOT, new Graph(ROOT, saved));
    for (const subgraph of saved.definitions?.subgraphs ?? []) {
      const id = String(subgraph.id);
      this.graphs.set(id, new Graph(id, subgraph));
    }
    for (const graph of this.graphs.values()) {
      for (const node of graph.nodes.values()) this.inside(node)?.uses.push({ graph, node });
    }
  }

  /**
   * The graph inside of a node; undefined if it is not a subgraph.
   *
   * @param {SavedNode} node
   */
  inside(node) {
    return node.type === ROOT ? undefined : this.graphs.get(node.type);
  }

  /**
   * All nodes of these types; those of subgraphs that nothing uses are no part of the workflow.
   *
   * @param {string[]} types
   * @returns {Place[]}
   */
  ofTypes(...types) {
    const used = [...this.graphs.values()].filter(({ id, uses }) => id === ROOT || uses.length > 0);
    return used.flatMap((graph) =>
      [...graph.nodes.values()]
        .filter(({ type }) => types.includes(type))
        .map((node) => ({ graph, node })),
    );
  }
}

/**
 * The name of a node's slot, or "".
 *
 * @param {SavedSlot[] | undefined} slots
 * @param {number} place
 */
export function slotName(slots, place) {
  return slots?.[place]?.name ?? "";
}

/**
 * @param {SavedLink | unknown[]} saved
 * @param {Map<string, number>} reroutes
 * @returns {Link}
 */
function asLink(saved, reroutes) {
  const [id, from, fromSlot, to, toSlot, parentId] = Array.isArray(saved)
    ? saved
    : [
        saved.id,
        saved.origin_id,
        saved.origin_slot,
        saved.target_id,
        saved.target_slot,
        saved.parentId,
      ];
  const ofArray = Array.isArray(saved) ? reroutes.get(String(id)) : parentId;
  return {
    id: String(id),
    from: String(from),
    fromSlot: Number(fromSlot),
    to: String(to),
    toSlot: Number(toSlot),
    parentId: ofArray === undefined ? undefined : Number(ofArray),
  };
}

/**
 * The title of a node, or its type and id.
 *
 * @param {SavedNode} node
 */
export function titleOf({ title, type, id }) {
  return title || `${type.replace(/(?<=[a-z])(?=[A-Z])/g, " ")} #${id}`;
}

/**
 * The text in a node's first widget, which is the one with this name.
 *
 * @param {SavedNode} node
 * @param {string} name
 */
export function textOf({ widgets_values: values }, name) {
  const value = Array.isArray(values) ? values[0] : values?.[name];
  return typeof value === "string" ? value : "";
}
