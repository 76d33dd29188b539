/**
 * @import { End, Step } from "../../../types/convert.d.ts"
 * @import { Graph, Place } from "./workflow.js"
 */

const NAME = "loop";

/**
 * The way of a Directory Iterator's `loop` into the graphs of a workflow: out of a subgraph by an
 * output, and into one by an input, which are added where they are needed.
 */
export class LoopWay {
  #usedOnce;
  /** @type {Map<string, End>} where `loop` is to be had, by graph */
  #there = new Map();
  /** @type {Graph[]} the graphs around the iterator's, itself first */
  #around;

  /**
   * @param {Graph} graph - the iterator's
   * @param {End} origin - its output
   * @param {(graph: Graph) => Place} usedOnce - the one node that stands for a subgraph
   */
  constructor(graph, origin, usedOnce) {
    this.#usedOnce = usedOnce;
    this.#there.set(graph.id, origin);
    this.#around = [graph];
    for (let at = graph; at.id !== ""; ) {
      at = usedOnce(at).graph;
      this.#around.push(at);
    }
  }

  /**
   * What to add so that `loop` gets into a graph, and where it then comes from.
   *
   * @param {Graph} graph
   * @returns {{ steps: Step[], from: End }}
   */
  into(graph) {
    const there = this.#there.get(graph.id);
    if (there) return { steps: [], from: there };
    const at = this.#around.indexOf(graph);
    const made = at === -1 ? this.#down(graph) : this.#up(this.#around[at - 1]);
    this.#there.set(graph.id, made.from);
    return made;
  }

  /**
   * @param {Graph} inner
   * @returns {{ steps: Step[], from: End }}
   */
  #up(inner) {
    const { steps, from } = this.into(inner);
    const { node } = this.#usedOnce(inner);
    const name = unused([...inner.outputs, ...(node.outputs ?? [])]);
    return {
      steps: [
        ...steps,
        { do: "expose", graph: inner.id, side: "outputs", name },
        { do: "link", graph: inner.id, from, to: { node: "outputs", slot: name } },
      ],
      from: { node: String(node.id), slot: name },
    };
  }

  /**
   * @param {Graph} inner
   * @returns {{ steps: Step[], from: End }}
   */
  #down(inner) {
    const { graph, node } = this.#usedOnce(inner);
    const { steps, from } = this.into(graph);
    const name = unused([...inner.inputs, ...(node.inputs ?? [])]);
    return {
      steps: [
        ...steps,
        { do: "expose", graph: inner.id, side: "inputs", name },
        { do: "link", graph: graph.id, from, to: { node: String(node.id), slot: name } },
      ],
      from: { node: "inputs", slot: name },
    };
  }
}

/**
 * A name that none of these slots has.
 *
 * @param {{ name: string }[]} slots
 */
function unused(slots) {
  const names = new Set(slots.map(({ name }) => name));
  let name = NAME;
  for (let number = 2; names.has(name); number += 1) name = `${NAME}_${number}`;
  return name;
}
