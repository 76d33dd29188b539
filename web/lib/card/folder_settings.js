import { alsoWhenChanged } from "../node/callbacks.js";
import { optionsOf } from "../node/inputs.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { FolderSettings, Which } from "../../../types/server.d.ts"
 */

/**
 * The name of the workflow on screen; empty if the frontend does not tell.
 *
 * @type {() => string}
 */
let nameOfWorkflow = () => "";

/** @param {() => string} name - returns the name of the workflow on screen */
export function nameWorkflowsBy(name) {
  nameOfWorkflow = name;
}

/**
 * The id of the workflow that a node is in, by which the server tells its batch from those of other
 * workflows on the same folder. Without one, as the frontend has given it none, the batch goes by
 * the folder alone.
 *
 * @param {Node} node
 * @returns {{ workflow?: string }}
 */
function workflowOf({ graph }) {
  const id = (graph?.rootGraph ?? graph)?.id;
  return id ? { workflow: String(id) } : {};
}

/**
 * The inputs of a Directory Iterator that decide which images a folder contains, as the server has
 * marked them.
 *
 * @param {Node} node
 * @returns {string[]}
 */
function deciding(node) {
  return Object.entries(optionsOf(node)).flatMap(([name, options]) =>
    options.selects_images ? name : [],
  );
}

/**
 * The settings to ask the server about for a Directory Iterator's folder; null if an input comes
 * from another node, as its value is then known only during a run.
 *
 * @param {Node} node
 * @returns {FolderSettings | null}
 */
export function folderSettings(node) {
  const names = deciding(node);
  if (isLinked(node, names)) return null;
  /** @type {Record<string, unknown>} */
  const settings = {};
  for (const name of names) {
    const widget = widgetOf(node, name);
    if (widget) settings[name] = widget.value;
  }
  const own = workflowOf(node);
  const title = own.workflow ? nameOfWorkflow() : "";
  const directory = String(settings.directory ?? "");
  return { ...settings, directory, ...own, ...(title ? { title } : {}) };
}

/**
 * How to identify the loop to the server: by the node's settings or, if those come from other
 * nodes, by the loop it last worked on. Null if that is unknown too: a wrong guess could start
 * another folder over.
 *
 * @param {Node} node
 * @param {string | null} [last]
 * @returns {Which | null}
 */
export function whichLoop(node, last) {
  if (isLinked(node, ["directory", "loop_name"])) return last ? { loop: last } : null;
  const text = (/** @type {string} */ name) => String(widgetOf(node, name)?.value ?? "");
  return { directory: text("directory"), loop_name: text("loop_name"), ...workflowOf(node) };
}

/**
 * A node's widget with this name.
 *
 * @param {Node} node
 * @param {string} name
 */
export function widgetOf(node, name) {
  return node.widgets?.find((widget) => widget.name === name);
}

/**
 * Whether any of these inputs of a node comes from another node.
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
 * Call `changed` whenever the user changes one of these inputs.
 *
 * @param {Node} node
 * @param {() => void} changed
 */
export function onSettingChanged(node, changed) {
  for (const widget of deciding(node).map((name) => widgetOf(node, name))) {
    if (widget) alsoWhenChanged(widget, changed);
  }
}
