import { CARD } from "../card/widget.js";
import { nextValue, oneOfEach } from "./next_values.js";

/**
 * @import { App, Graph, Node, Prompt, SavedWorkflow, Widget } from "../../../types/comfyui.d.ts"
 * @import { Limits } from "./next_values.js"
 */

/**
 * @typedef {object} Changing - a value that changes from run to run
 * @property {string} name - of its widget
 * @property {Limits} limits - as they were then: newer frontends forget them with the node
 * @property {string[]} owner - the ids of the subgraphs' nodes and of the node that has the widget
 * @property {number | string} was - the value when the copy was made
 * @property {number | string} value - the value for the next run
 * @property {{ holder: Record<string, unknown>, key: string }[]} places - where the copy holds it
 * @property {string} mode - its control's value; empty for a text with choices
 * @property {string} filter
 */

const CONTROLLED = "randomize";
const PRIMITIVE = "PrimitiveNode";

/** A copy of a workflow as ComfyUI would queue it, from which later runs can be sent. */
export class Copy {
  #prompt;
  #changing;
  #isBefore;

  /**
   * @param {Prompt} prompt
   * @param {Changing[]} changing
   * @param {boolean} isBefore - whether ComfyUI changes values before a run instead of after it
   * @param {boolean} needsAccount - whether some nodes work for the user's account only
   */
  constructor(prompt, changing, isBefore, needsAccount) {
    this.#prompt = prompt;
    this.#changing = changing;
    this.#isBefore = isBefore;
    this.needsAccount = needsAccount;
  }

  /** The workflow, as the page saves it. */
  get workflow() {
    return this.#prompt.workflow;
  }

  /** What to send for the next run. */
  next() {
    if (this.#isBefore) this.advance();
    for (const each of this.#changing) {
      if (each.mode === "") put(each, oneOfEach(String(each.was)));
    }
    // A copy of its own, as the values change while it is being sent.
    const prompt = /** @type {Prompt} */ (JSON.parse(JSON.stringify(this.#prompt)));
    if (!this.#isBefore) this.advance();
    return prompt;
  }

  /** Change the values as ComfyUI does from run to run. */
  advance() {
    for (const each of this.#changing) {
      if (each.mode === "") continue;
      put(each, nextValue(each.value, each.mode, each.limits, each.filter));
    }
  }

  /**
   * Give the workflow, which is on the screen again, the values for its next run.
   *
   * @param {Graph} graph
   */
  giveBack(graph) {
    // On a workflow that has just been opened, ComfyUI does not change them before the first run.
    if (this.#isBefore) this.advance();
    const shown = new Map([...nodesWithPaths(graph)].map(({ node, path }) => [`${path}`, node]));
    for (const { mode, name, owner, value, was } of this.#changing) {
      if (mode === "") continue;
      // In newer frontends, a subgraph's node has the value of a widget inside that it shows.
      for (let depth = 1; depth <= owner.length; depth += 1) {
        const node = shown.get(`${owner.slice(0, depth)}`);
        const isIt = (/** @type {Widget} */ other) =>
          depth < owner.length ? other.value === was : other.name === name;
        const found = node?.widgets?.find(isIt);
        if (!node || !found) continue;
        found.value = value;
        found.callback?.(value, undefined, node);
        break;
      }
    }
  }
}

/**
 * Copy the workflow on screen.
 *
 * @param {App} app
 */
export async function copyOf(app) {
  const graph = app.rootGraph ?? app.graph;
  const made = /** @type {Prompt} */ (/** @type {unknown} */ (await app.graphToPrompt()));
  // If the last prompt was a trial of one image, the card's widget still says so.
  for (const { inputs } of Object.values(made.output)) delete inputs[CARD];
  const nodes = [...nodesWithPaths(graph)];
  const changing = nodes.flatMap((each) => [...changingIn(each, made)]);
  const isBefore = app.extensionManager.setting.get("Comfy.WidgetControlMode") === "before";
  return new Copy(made, changing, isBefore, nodes.some(({ node }) => needsAccount(node)));
}

/**
 * All nodes with the ids that lead to them, through each of the nodes of a subgraph.
 *
 * @param {Graph} graph
 * @param {string[]} [above]
 * @param {object[]} [around] - the graphs that this one is in
 * @returns {Generator<{ node: Node, path: string[], inside: string | undefined }>}
 */
function* nodesWithPaths(graph, above = [], around = []) {
  if (around.includes(graph)) return;
  const inside = around.length > 0 ? String(graph.id) : undefined;
  for (const node of graph.nodes ?? []) {
    const path = [...above, String(node.id)];
    yield { node, path, inside };
    const { subgraph } = /** @type {Node & { subgraph?: Graph }} */ (node);
    if (subgraph) yield* nodesWithPaths(subgraph, path, [...around, graph]);
  }
}

/**
 * @param {{ node: Node, path: string[], inside: string | undefined }} at
 * @param {Prompt} prompt
 * @returns {Generator<Changing>}
 */
function* changingIn({ node, path, inside }, { output, workflow }) {
  for (const [index, each] of (node.widgets ?? []).entries()) {
    const widget = /** @type {Widget} */ (each);
    const control = widget.linkedWidgets?.find(isControl);
    if (!control && !hasChoices(widget)) continue;
    const places = (node.type === PRIMITIVE ? fedBy(node) : [[String(node.id), widget.name]])
      .map(([id, key]) => ({ holder: output[[...path.slice(0, -1), id].join(":")]?.inputs, key }))
      .filter(({ holder, key }) => holder && isValue(holder[key]));
    if (places.length === 0) continue;
    const sent = places[0].holder[places[0].key];
    const was = control ? sent : String(widget.value);
    const saved = savedValues(workflow, inside, node);
    if (saved?.[index] === sent) places.push({ holder: saved, key: String(index) });
    const filter = widget.linkedWidgets?.find((other) => other !== control)?.value;
    const { max, min, step2, values } = widget.options ?? {};
    yield {
      name: widget.name,
      limits: { max, min, step2, values },
      owner: path,
      was: /** @type {number | string} */ (was),
      value: /** @type {number | string} */ (was),
      places,
      mode: control ? String(control.value) : "",
      filter: typeof filter === "string" ? filter : "",
    };
  }
}

/** @param {Widget} widget */
function isControl({ options }) {
  return Array.isArray(options?.values) && options.values.includes(CONTROLLED);
}

/** @param {Widget} widget */
function hasChoices({ dynamicPrompts, value }) {
  return Boolean(dynamicPrompts) && typeof value === "string" && value.includes("{");
}

/** Whether an input has a value of its own, not a link. @param {unknown} value */
function isValue(value) {
  return typeof value === "number" || typeof value === "string";
}

/**
 * The inputs, by node and name, that a primitive gives its value to.
 *
 * @param {Node} node
 * @returns {string[][]}
 */
function fedBy(node) {
  return (node.outputs?.[0]?.links ?? []).flatMap((id) => {
    const link = node.graph?.getLink(id);
    const target = link && node.graph?.getNodeById(link.target_id);
    const input = target?.inputs[link?.target_slot ?? 0];
    return input ? [[String(target?.id), input.widget?.name ?? input.name]] : [];
  });
}

/**
 * The values of a node's widgets in the saved workflow, if they are in a list.
 *
 * @param {SavedWorkflow} workflow
 * @param {string | undefined} inside - the subgraph's id
 * @param {Node} node
 * @returns {any}
 */
function savedValues(workflow, inside, node) {
  const part = inside ? workflow.definitions?.subgraphs?.find(({ id }) => id === inside) : workflow;
  const saved = part?.nodes?.find(({ id }) => String(id) === String(node.id));
  return Array.isArray(saved?.widgets_values) ? saved.widgets_values : undefined;
}

/** @param {Node} node */
function needsAccount(node) {
  const type = /** @type {{ nodeData?: { api_node?: boolean } }} */ (
    /** @type {unknown} */ (node.constructor)
  );
  return Boolean(type.nodeData?.api_node);
}

/**
 * @param {Changing} changing
 * @param {number | string} value
 */
function put(changing, value) {
  changing.value = value;
  for (const { holder, key } of changing.places) holder[key] = value;
}
