import { BYPASSED, isOff } from "../convert/reach.js";
import { sourceOfInput } from "../graph.js";
import { alsoWhenInputsChange } from "../node/callbacks.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { VariantValues } from "../../../types/server.d.ts"
 */

/** A list of values that an iterator takes each of its items with. */
export const VARIANTS = "BatchLoopVariants";

const INPUT = "variants";
const WIDGETS = ["name", "kind", "values", "run_order"];

/**
 * The Variants that cross in an iterator's items, the one that changes slowest first; true if there
 * are some, but which is known only during a run; null if there are none.
 *
 * @param {Node} iterator
 * @returns {Node[] | true | null}
 */
export function variantsNodesOf(iterator) {
  const { graph } = iterator;
  const root = graph?.rootGraph ?? graph;
  /** @type {Node[]} */
  const found = [];
  /** @type {Node | null} */
  let at = iterator;
  while (at && isConnected(at)) {
    at = sourceOfInput(root, at, INPUT);
    if (!at || found.includes(at)) return true;
    if (isOff(at) && at.mode !== BYPASSED) break;
    if (isOff(at)) continue;
    if (at.comfyClass !== VARIANTS) return true;
    found.unshift(at);
  }
  return found.length > 0 ? found : null;
}

/**
 * What to tell the server of them; undefined if there are none.
 *
 * @param {Node} iterator
 * @returns {VariantValues[] | true | undefined}
 */
export function variantsOf(iterator) {
  const nodes = variantsNodesOf(iterator);
  if (nodes === null) return undefined;
  if (nodes === true || nodes.some(hasLinkedValue)) return true;
  return nodes.map((node) => ({
    name: textIn(node, "name"),
    kind: textIn(node, "kind"),
    values: textIn(node, "values"),
    run_order: textIn(node, "run_order"),
  }));
}

/**
 * Call `changed` whenever the user changes the values of a Variants, or what it is connected to.
 *
 * @param {Node} node
 * @param {() => void} changed
 */
export function onVariantsChanged(node, changed) {
  alsoWhenInputsChange(node, WIDGETS, changed);
}

/** @param {Node} node */
function isConnected(node) {
  return (node.inputs ?? []).some(({ name }, slot) => name === INPUT && node.isInputConnected(slot));
}

/** @param {Node} node */
function hasLinkedValue(node) {
  return (node.inputs ?? []).some(({ name }, slot) => name !== INPUT && node.isInputConnected(slot));
}

/**
 * @param {Node} node
 * @param {string} name
 */
function textIn(node, name) {
  return String(widgetOf(node, name)?.value ?? "");
}

/**
 * @param {Node} node
 * @param {string} name
 */
function widgetOf(node, name) {
  return node.widgets?.find((widget) => widget.name === name);
}
