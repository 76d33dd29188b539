/**
 * @import { Extension, Node } from "../../types/comfyui.d.ts"
 */

/**
 * A node's texts, in the format of `locales/<language>/nodeDefs.json`.
 *
 * @typedef {{ name: string, tooltip: string }} Label
 * @typedef {object} OfNode
 * @property {string} display_name
 * @property {string} description
 * @property {Record<string, Label>} inputs - by name
 * @property {Record<string, Label>} [outputs] - by index
 */

/** @typedef {Parameters<NonNullable<Extension["addCustomNodeDefs"]>>[0]} Definitions */

/** Prefix of the pack's node ids. */
const OWN = "BatchLoop";

/**
 * The texts of the pack's nodes, which the pack sets itself.
 *
 * ComfyUI reads `locales/` too, but only for languages that it supports itself, and some frontends
 * (1.32) lose packs' texts when they load their own. English needs none: it is in the nodes'
 * schemas.
 */
export class NodeTexts {
  /** @type {Record<string, OfNode>} */
  #byNode = {};

  /**
   * Use these texts of nodes, which may include other packs' nodes.
   *
   * @param {Record<string, OfNode>} byNode
   */
  use(byNode) {
    this.#byNode = Object.fromEntries(
      Object.entries(byNode).filter(([node]) => node.startsWith(OWN)),
    );
  }

  /**
   * Put names and tooltips into node definitions, before ComfyUI creates node types from them.
   *
   * @param {Definitions} definitions
   */
  define(definitions) {
    for (const [node, texts] of Object.entries(this.#byNode)) {
      const definition = definitions[node];
      if (!definition) continue;
      definition.display_name = texts.display_name;
      definition.description = texts.description;
      const inputs = { ...definition.input?.required, ...definition.input?.optional };
      for (const [name, { tooltip }] of Object.entries(texts.inputs)) {
        if (inputs[name]) inputs[name][1] = { ...inputs[name][1], tooltip };
      }
      // Names of outputs are not translated: they are saved with a workflow.
      definition.output_tooltips = Object.values(texts.outputs ?? {}).map(({ tooltip }) => tooltip);
    }
  }

  /**
   * Put labels on a new node's widgets and sockets.
   *
   * @param {Node} node
   */
  label(node) {
    const texts = this.#byNode[node.comfyClass ?? ""];
    if (!texts) return;
    for (const widget of node.widgets ?? []) {
      const text = texts.inputs[widget.name];
      if (!text) continue;
      widget.label = text.name;
      widget.tooltip = text.tooltip;
    }
    for (const input of node.inputs ?? []) {
      input.localized_name = texts.inputs[input.name]?.name ?? input.localized_name;
    }
    for (const [place, output] of (node.outputs ?? []).entries()) {
      output.localized_name = texts.outputs?.[place]?.name ?? output.localized_name;
    }
  }
}
