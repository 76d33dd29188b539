/** @import { Node, NodeDefined, Options } from "../../../types/comfyui.d.ts" */

/**
 * The options of a node's inputs as the server has declared them, by name, in order.
 *
 * @param {Node} node
 * @returns {Record<string, Options>}
 */
export function optionsOf(node) {
  const { nodeData } = /** @type {Node & NodeDefined} */ (node).constructor;
  const declared = Object.entries({ ...nodeData?.input?.required, ...nodeData?.input?.optional });
  return Object.fromEntries(declared.map(([name, [, options]]) => [name, options ?? {}]));
}
