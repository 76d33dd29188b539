/** Carries out the plan of a conversion on a saved workflow, as the page does on its graph. */

const SLOTS = {
  BatchLoopDirectoryIterator: {
    inputs: ["directory"],
    outputs: ["loop", "image", "mask", "filename", "stem"],
  },
  BatchLoopSaveImage: {
    inputs: ["image", "loop", "folder", "prefix", "suffix"],
    outputs: ["image", "path"],
  },
};
const BOUNDARIES = { inputs: -10, outputs: -20 };

export class SavedEditor {
  saved;
  #made = new Map();

  constructor(saved) {
    this.saved = structuredClone(saved);
  }

  add({ graph, key, type, values }) {
    const nodes = this.#allGraphs().flatMap((one) => one.nodes);
    const id = Math.max(...nodes.map((node) => Number(node.id))) + 1;
    const slots = ({ [type]: { inputs, outputs } }) => ({
      inputs: inputs.map((name) => ({ name, link: null })),
      outputs: outputs.map((name) => ({ name, links: [] })),
    });
    this.#made.set(key, id);
    this.graph(graph).nodes.push({ id, type, ...slots(SLOTS), values });
  }

  expose({ graph, side, name }) {
    const own = this.graph(graph);
    own[side] = [...(own[side] ?? []), { name, type: "BATCH_LOOP" }];
    for (const { nodes } of this.#allGraphs()) {
      for (const node of nodes.filter(({ type }) => type === graph)) {
        node[side] = [...(node[side] ?? []), { name }];
      }
    }
  }

  link({ graph: name, from, to, parentId }) {
    const graph = this.graph(name);
    const [origin, target] = [this.#id(from.node), this.#id(to.node)];
    const fromSlot = this.#slot(graph, from, origin, "outputs", "inputs");
    const toSlot = this.#slot(graph, to, target, "inputs", "outputs");
    const ids = this.#allGraphs().flatMap((one) => one.links.map((link) => Number(link.id ?? link[0])));
    const id = Math.max(0, ...ids) + 1;
    // An input, or a subgraph's output, has only one link.
    const before = ends(graph).filter((one) => one.to === String(target) && one.toSlot === toSlot);
    const after = ends(graph).filter((one) => !before.includes(one));
    graph.links = after.map(({ link }) => link);
    if (name === "") {
      graph.links.push([id, origin, fromSlot, target, toSlot, "*"]);
      if (parentId !== undefined) {
        graph.extra.linkExtensions = [...(graph.extra.linkExtensions ?? []), { id, parentId }];
      }
      return;
    }
    const slots = { origin_id: origin, origin_slot: fromSlot, target_id: target, target_slot: toSlot };
    graph.links.push({ id, ...slots, ...(parentId === undefined ? {} : { parentId }) });
  }

  remove({ graph: name, node }) {
    const graph = this.graph(name);
    graph.links = ends(graph)
      .filter(({ from, to }) => from !== node && to !== node)
      .map(({ link }) => link);
    graph.nodes = graph.nodes.filter(({ id }) => String(id) !== node);
  }

  hide({ graph: id, name }) {
    const own = this.graph(id);
    const place = own.inputs.findIndex((input) => input.name === name);
    own.inputs = own.inputs.toSpliced(place, 1);
    for (const { nodes } of this.#allGraphs()) {
      for (const node of nodes.filter(({ type }) => type === id)) {
        node.inputs = node.inputs.filter((input) => input.name !== name);
      }
    }
  }

  /** The id of the node that a plan calls by a key. */
  made(key) {
    return this.#made.get(key);
  }

  /** The saved graph with this id. */
  graph(id) {
    return this.#allGraphs().find((one) => (one === this.saved ? "" : one.id) === id);
  }

  #allGraphs() {
    return [this.saved, ...(this.saved.definitions?.subgraphs ?? [])];
  }

  #id(node) {
    return BOUNDARIES[node] ?? this.#made.get(node) ?? (Number(node) || node);
  }

  #slot(graph, { slot }, id, side, ownSide) {
    if (typeof slot === "number") return slot;
    const node = graph.nodes.find((one) => String(one.id) === String(id));
    const slots = node ? node[side] : graph[ownSide];
    return slots.findIndex(({ name }) => name === slot);
  }
}

/** A saved graph's links, with the ends of each. */
export function ends(graph) {
  return (graph.links ?? []).map((link) => {
    const of = (name, place) => link[Array.isArray(link) ? place : name];
    return {
      link,
      from: String(of("origin_id", 1)),
      fromSlot: Number(of("origin_slot", 2)),
      to: String(of("target_id", 3)),
      toSlot: Number(of("target_slot", 4)),
    };
  });
}
