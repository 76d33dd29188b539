/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { FolderSettings, Which } from "../../../types/server.d.ts"
 */

/** The inputs of Directory Iterator that decide what a folder holds. */
const DECIDING = [
  "directory",
  "loop_name",
  "filter",
  "custom_pattern",
  "recursive",
  "sort_by",
  "descending",
  "start_index",
  "limit",
];

/**
 * What to ask the server about a Directory Iterator's folder; null where one of the inputs comes
 * from another node, so that only a run tells it.
 *
 * @param {Node} node
 * @returns {FolderSettings | null}
 */
export function folderSettings(node) {
  if (isLinked(node, DECIDING)) return null;
  /** @type {Record<string, unknown>} */
  const settings = {};
  for (const name of DECIDING) {
    const widget = widgetOf(node, name);
    if (widget) settings[name] = widget.value;
  }
  return { ...settings, directory: String(settings.directory ?? "") };
}

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

/**
 * A node's widget of this name.
 *
 * @param {Node} node
 * @param {string} name
 */
export function widgetOf(node, name) {
  return node.widgets?.find((widget) => widget.name === name);
}

/**
 * Whether one of these inputs of a node comes from another node.
 *
 * @param {Node} node
 * @param {string[]} names
 */
export function isLinked(node, names) {
  return (node.inputs ?? []).some(
    (input, slot) => names.includes(input.name) && node.isInputConnected(slot),
  );
}

/**
 * Call `changed` whenever a person changes one of the inputs that decide.
 *
 * @param {Node} node
 * @param {() => void} changed
 */
export function onSettingChanged(node, changed) {
  for (const widget of DECIDING.map((name) => widgetOf(node, name))) {
    if (!widget) continue;
    const before = widget.callback;
    widget.callback = function (...args) {
      const result = before?.apply(this, args);
      changed();
      return result;
    };
  }
}
