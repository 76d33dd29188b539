import { isOff } from "../convert/reach.js";
import { iteratorOf } from "../graph.js";
import { alsoWhenInputsChange } from "../node/callbacks.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { Companion } from "../../../types/server.d.ts"
 */

/** The nodes that give the file beside an image, and what they take it for. */
const KINDS = new Map(
  /** @type {const} */ ([
    ["BatchLoopCompanionImage", "image"],
    ["BatchLoopCompanionText", "text"],
  ]),
);

/** Their inputs that say what is asked for. */
const WIDGETS = ["pattern", "when_missing"];

/**
 * Whether a node gives the file beside an image.
 *
 * @param {Node} node
 */
export function isCompanion(node) {
  return KINDS.has(/** @type {any} */ (node.comfyClass));
}

/**
 * Call `changed` whenever the user changes what a companion node asks for, or its connections.
 *
 * @param {Node} node
 * @param {() => void} changed
 */
export function onCompanionChanged(node, changed) {
  alsoWhenInputsChange(node, WIDGETS, changed);
}

/**
 * What the nodes behind a Directory Iterator ask for of each image, as far as it is typed in: such
 * files are no images of the batch, and images without one may be left out.
 *
 * @param {Node} iterator
 * @returns {Companion[]}
 */
export function companionsOf(iterator) {
  return (iterator.graph?.nodes ?? []).flatMap((node) => {
    const kind = KINDS.get(/** @type {any} */ (node.comfyClass));
    const isAsked = kind && !isOff(node) && isUsed(node) && iteratorOf(node) === iterator;
    const pattern = isAsked && typed(node, "pattern");
    const missing = isAsked && typed(node, "when_missing");
    return kind && pattern && missing ? [{ pattern, when_missing: missing, kind }] : [];
  });
}

/**
 * The text in an input; empty if it comes from another node.
 *
 * @param {Node} node
 * @param {string} name
 */
function typed(node, name) {
  const slot = (node.inputs ?? []).findIndex((input) => input.name === name);
  if (slot !== -1 && node.isInputConnected(slot)) return "";
  return String(node.widgets?.find((widget) => widget.name === name)?.value ?? "");
}

/** @param {Node} node */
function isUsed(node) {
  return (node.outputs ?? []).some(({ links }) => links?.length);
}
