import { nodesOf } from "../graph.js";
import { widgetOf } from "../card/folder_settings.js";
import { put } from "./new_sizes.js";
import { FOLDER_NODE } from "./plan.js";

/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 * @import { Editor, End, Step } from "../../../types/convert.d.ts"
 * @import { LiveCanvas, LiveGraph, LiveNode } from "../../../types/litegraph.d.ts"
 * @import { LiveSlot, NodeMaker } from "../../../types/litegraph.d.ts"
 * @import { New } from "./new_sizes.js"
 */

/** @typedef {Extract<Step, { do: "add" }>} Add */
/** @typedef {Extract<Step, { do: "expose" }>} Expose */
/** @typedef {Extract<Step, { do: "hide" }>} Hide */
/** @typedef {Extract<Step, { do: "link" }>} LinkStep */
/** @typedef {Extract<Step, { do: "remove" }>} Remove */

/** What a new node takes over from the one that it replaces. */
const LOOK = /** @type {const} */ (["color", "bgcolor", "boxcolor", "shape", "mode"]);

/** @implements {Editor} Carries out a plan on the page's graph. */
export class PageEditor {
  #app;
  #make;
  /** @type {Map<string, LiveNode>} */
  #made = new Map();
  /**
   * The new nodes, with the places of those that they replace.
   *
   * @type {New[]}
   */
  places = [];

  /**
   * @param {App} app
   * @param {NodeMaker} make - creates a node of a type, or returns null
   */
  constructor(app, make) {
    this.#app = app;
    this.#make = make;
  }

  /** @param {Add} step */
  add({ graph: name, key, type, like, values }) {
    const graph = this.#graph(name);
    const before = nodeOf(graph, like);
    const node = this.#make(type);
    if (!node) throw new Error(`ComfyUI makes no ${type}`);
    const [ownWidth] = node.size;
    node.pos = [...before.pos];
    for (const look of LOOK) {
      if (before[look] !== undefined) Object.assign(node, { [look]: before[look] });
    }
    if (before.title !== before.constructor.title) node.title = before.title;
    graph.add(node);
    for (const [widget, value] of Object.entries(values)) this.#write(node, widget, value);
    this.#made.set(key, node);
    const [width, height] = node.computeSize();
    // A result is shown where the preview was.
    const [wasWide, wasHigh] = key === FOLDER_NODE ? [before.size[0], 0] : before.size;
    const high = key === FOLDER_NODE ? height : height + roomForResult();
    node.setSize([Math.max(width, ownWidth, wasWide), Math.max(high, wasHigh)]);
    if (key !== FOLDER_NODE && before.flags?.collapsed) node.collapse(true);
    const place = { pos: [...before.pos], size: [...before.size] };
    this.places.push({ graph, node, before: place });
    put({ graph, node, before: place }, this.#canvas);
    if (before.flags?.pinned) node.pin(true);
  }

  /** @param {Expose} step */
  expose({ graph, side, name }) {
    const type = this.#loopType();
    if (side === "inputs") this.#graph(graph).addInput(name, type);
    else this.#graph(graph).addOutput(name, type);
  }

  /** @param {LinkStep} step */
  link({ graph: name, from, to, parentId }) {
    const graph = this.#graph(name);
    const link = this.#connect(graph, from, to, parentId);
    if (!link) throw new Error(`ComfyUI did not connect ${from.node} to ${to.node}`);
  }

  /** @param {Remove} step */
  remove({ graph: name, node: id }) {
    const graph = this.#graph(name);
    const node = nodeOf(graph, id);
    for (const around of nodesOf(this.#root)) stopShowing(around, graph, id);
    graph.remove(node);
  }

  /** @param {Hide} step */
  hide({ graph: name, name: slot }) {
    const graph = this.#graph(name);
    const input = graph.inputs.find((one) => one.name === slot);
    if (input) graph.removeInput(input);
  }

  /**
   * The new node of a plan.
   *
   * @param {string} key
   */
  made(key) {
    return this.#made.get(key);
  }

  /**
   * @param {LiveGraph} graph
   * @param {End} from
   * @param {End} to
   * @param {number} [parentId]
   */
  #connect(graph, from, to, parentId) {
    if (to.node === "outputs") {
      const origin = this.#node(graph, from.node);
      const output = origin.outputs[placeOf(origin.outputs, from.slot)];
      return graph.outputs[placeOf(graph.outputs, to.slot)].connect(output, origin, parentId);
    }
    const target = this.#node(graph, to.node);
    const place = placeOf(target.inputs, to.slot);
    if (from.node === "inputs") {
      const input = graph.inputs[placeOf(graph.inputs, from.slot)];
      return input.connect(target.inputs[place], target, parentId);
    }
    const origin = this.#node(graph, from.node);
    return origin.connect(placeOf(origin.outputs, from.slot), target, place, parentId);
  }

  /**
   * @param {LiveNode} node
   * @param {string} name
   * @param {string} value
   */
  #write(node, name, value) {
    const widget = widgetOf(/** @type {Node} */ (/** @type {unknown} */ (node)), name);
    if (!widget) return;
    widget.value = value;
    const args = /** @type {any[]} */ ([value, this.#app.canvas, node]);
    widget.callback?.(args[0], args[1], args[2]);
  }

  #loopType() {
    return String(this.#made.get(FOLDER_NODE)?.outputs[0].type);
  }

  get #canvas() {
    return /** @type {LiveCanvas} */ (/** @type {unknown} */ (this.#app.canvas));
  }

  get #root() {
    return this.#app.rootGraph ?? this.#app.graph;
  }

  /**
   * @param {string} name
   * @returns {LiveGraph}
   */
  #graph(name) {
    const root = /** @type {LiveGraph} */ (/** @type {unknown} */ (this.#root));
    const graph = name === "" ? root : root.subgraphs.get(name);
    if (!graph) throw new Error(`there is no subgraph ${name}`);
    return graph;
  }

  /**
   * @param {LiveGraph} graph
   * @param {string} id - a node's id, or the key of a new one
   */
  #node(graph, id) {
    return this.#made.get(id) ?? nodeOf(graph, id);
  }
}

/**
 * @param {LiveGraph} graph
 * @param {string} id
 */
function nodeOf(graph, id) {
  const node = graph.getNodeById(id) ?? graph.getNodeById(Number(id));
  if (!node) throw new Error(`there is no node ${id}`);
  return node;
}

/**
 * @param {LiveSlot[]} slots
 * @param {number | string} slot
 */
function placeOf(slots, slot) {
  return typeof slot === "number" ? slot : slots.findIndex(({ name }) => name === slot);
}

/**
 * Take what a subgraph's node shows of an inner node out of it.
 *
 * @param {Node} around
 * @param {LiveGraph} graph
 * @param {string} id
 */
function stopShowing(around, graph, id) {
  const { subgraph, properties } = /** @type {{ subgraph?: unknown, properties?: any }} */ (
    /** @type {unknown} */ (around)
  );
  if (subgraph !== graph || !Array.isArray(properties?.proxyWidgets)) return;
  const others = properties.proxyWidgets.filter(
    (/** @type {unknown[]} */ [inner]) => String(inner) !== id,
  );
  if (others.length < properties.proxyWidgets.length) properties.proxyWidgets = others;
}

/**
 * What ComfyUI adds to a node's height with its first picture, in the classic canvas: with the room
 * from the beginning, a result changes no size, which would be a change to undo.
 */
function roomForResult() {
  return LiteGraph.vueNodesMode ? 0 : PICTURE;
}

const PICTURE = 220;
