import { INPUTS, OUTPUTS } from "./workflow.js";

/**
 * @import { SavedNode } from "../../../types/convert.d.ts"
 * @import { Graph, Link, Place, Workflow } from "./workflow.js"
 */

/** ComfyUI's modes of nodes that do not run: muted, and bypassed. */
const MUTED = 2;
export const BYPASSED = 4;

/** Nodes of other packs that pass a value on without a link, by the name that both carry. */
const SETS = "SetNode";
const GETS = "GetNode";

/** @typedef {{ graph: Graph, path: Place[] }} Spot - a graph, and the subgraph nodes around it */

/**
 * Whether a node does not run.
 *
 * @param {Pick<SavedNode, "mode">} node
 */
export function isOff({ mode }) {
  return mode === MUTED || mode === BYPASSED;
}

/**
 * The nodes of these types that depend on a node.
 *
 * Those that run are among them only if the image really gets to them: past bypassed nodes, as
 * ComfyUI passes it on, and not past muted ones. Those that do not run are, if links lead there.
 *
 * @param {Workflow} workflow
 * @param {Spot & { node: SavedNode }} start
 * @param {string[]} types
 * @returns {Place[]}
 */
export function dependants(workflow, start, types) {
  const running = new Walk(workflow, types, { asItRuns: true });
  const linked = new Walk(workflow, types, { asItRuns: false });
  running.follow(start, start.node.id);
  linked.follow(start, start.node.id);
  const off = [...linked.found.values()].filter(({ isOn }) => !isOn);
  const places = [...running.found.values(), ...off].map(({ graph, node }) => ({ graph, node }));
  return places.filter((one, at) => places.findIndex(({ node }) => node === one.node) === at);
}

/** A way along the links, in their direction. */
class Walk {
  /** @type {Map<string, Place & { isOn: boolean }>} the nodes found, by their execution ids */
  found = new Map();
  #workflow;
  #types;
  #asItRuns;
  /** @type {Set<string>} */
  #seen = new Set();

  /**
   * @param {Workflow} workflow
   * @param {string[]} types
   * @param {{ asItRuns: boolean }} options
   */
  constructor(workflow, types, { asItRuns }) {
    this.#workflow = workflow;
    this.#types = types;
    this.#asItRuns = asItRuns;
  }

  /**
   * Follow the links that begin at a node, or at one of its outputs.
   *
   * @param {Spot} spot
   * @param {string | number} node
   * @param {number} [slot]
   */
  follow(spot, node, slot) {
    for (const link of spot.graph.from(node, slot)) {
      const key = [...spot.path.map(({ node: { id } }) => id), spot.graph.id, link.id].join(":");
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.#arrive(spot, link);
    }
  }

  /**
   * @param {Spot} spot
   * @param {Link} link
   */
  #arrive(spot, link) {
    const { graph, path } = spot;
    if (link.to === OUTPUTS) {
      const around = path.at(-1);
      if (around) {
        this.follow({ graph: around.graph, path: path.slice(0, -1) }, around.node.id, link.toSlot);
      }
      return;
    }
    const node = graph.nodes.get(link.to);
    if (!node || (this.#asItRuns && node.mode === MUTED)) return;
    if (this.#asItRuns && node.mode === BYPASSED) {
      for (const output of passedOn(node, link.toSlot)) this.follow(spot, node.id, output);
      return;
    }
    const inside = this.#workflow.inside(node);
    if (inside) {
      this.follow({ graph: inside, path: [...path, { graph, node }] }, INPUTS, link.toSlot);
      return;
    }
    if (this.#types.includes(node.type)) this.#note(spot, node);
    for (const other of gettersOf(graph, node)) this.follow(spot, other.id);
    this.follow(spot, node.id);
  }

  /**
   * @param {Spot} spot
   * @param {SavedNode} node
   */
  #note({ graph, path }, node) {
    const ids = [...path.map((around) => around.node.id), node.id];
    const isOn = !isOff(node) && !path.some((around) => isOff(around.node));
    this.found.set(ids.join(":"), { graph, node, isOn });
  }
}

/**
 * The outputs to which a bypassed node passes one of its inputs on: each output gets the input at
 * its own place or else the first one, of its type.
 *
 * @param {SavedNode} node
 * @param {number} input
 */
function passedOn({ inputs = [], outputs = [] }, input) {
  return outputs.flatMap(({ type }, place) => {
    const places = [place, ...inputs.keys()];
    return places.find((at) => inputs[at]?.type === type) === input ? place : [];
  });
}

/**
 * The nodes that get what a node sets.
 *
 * @param {Graph} graph
 * @param {SavedNode} node
 */
function gettersOf(graph, node) {
  if (node.type !== SETS) return [];
  const name = firstValue(node);
  return [...graph.nodes.values()].filter((one) => one.type === GETS && firstValue(one) === name);
}

/** @param {SavedNode} node */
function firstValue({ widgets_values: values }) {
  return Array.isArray(values) ? values[0] : undefined;
}
