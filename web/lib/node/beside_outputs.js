/**
 * Directory Iterator's folder and card are beside its outputs, which would otherwise leave a large
 * part of the node empty. In Nodes 2.0, style rules do the same.
 *
 * @import { Node } from "../../../types/comfyui.d.ts"
 */

/** The width of a node, in canvas units, with room for both. */
export const WIDE = 410;

/** The narrowest that a card can be used at. */
const NARROWEST = 180;

/** From the text of an output to the edge of the node, and to what is beside it. */
const BESIDE_TEXT = 30;

const TOP = 4;
const FONT = "14px Arial";

/** @type {WeakMap<Node, { texts: string, width: number }>} */
const known = new WeakMap();

/**
 * The width that is left beside a node's outputs in the classic canvas; undefined in Nodes 2.0, and
 * if it is not enough.
 *
 * @param {Node} node
 * @returns {number | undefined}
 */
export function widthBesideOutputs(node) {
  return LiteGraph.vueNodesMode ? undefined : widthLeft(node);
}

/**
 * Let a node's widgets begin beside its outputs. The first ones have to be as narrow as
 * `widthBesideOutputs`.
 *
 * @param {Node} node
 */
export function beginBesideOutputs(node) {
  node.setSize([Math.max(node.size[0], WIDE), node.size[1]]);
  Object.defineProperty(node, "widgets_start_y", {
    get: () => (widthLeft(node) === undefined ? undefined : TOP),
    set: () => {},
    configurable: true,
  });
}

/** @param {Node} node */
function widthLeft(node) {
  const width = node.size[0] - widthOfOutputs(node);
  return width < NARROWEST ? undefined : width;
}

/** @param {Node} node */
function widthOfOutputs(node) {
  const texts = (node.outputs ?? []).map(
    ({ label, localized_name, name }) => label || localized_name || name,
  );
  const key = texts.join("\n");
  let found = known.get(node);
  if (found?.texts !== key) {
    found = { texts: key, width: Math.max(0, ...texts.map(widthOfText)) + BESIDE_TEXT };
    known.set(node, found);
  }
  return found.width;
}

/** @type {CanvasRenderingContext2D | null} */
let context = null;

/** @param {string} text */
function widthOfText(text) {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return 0;
  context.font = FONT;
  return context.measureText(text).width;
}
