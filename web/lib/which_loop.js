import { isLinked, widgetOf } from "./card/folder_settings.js";

/**
 * @import { Node } from "../../types/comfyui.d.ts"
 * @import { Which } from "../../types/server.d.ts"
 */

/**
 * How to name the loop to the server: by what the node shows or, where that comes from other
 * nodes, by the loop it worked on last. Null when that is not known either: a guess could start
 * another folder over.
 *
 * @param {Node} node
 * @param {string | null} [last]
 * @returns {Which | null}
 */
export function whichLoop(node, last) {
  if (isLinked(node, ["directory", "loop_name"])) return last ? { loop: last } : null;
  const text = (/** @type {string} */ name) => String(widgetOf(node, name)?.value ?? "");
  return { directory: text("directory"), loop_name: text("loop_name") };
}
