import { areFiles, handsOutRows, placeIn, sourceOfNode } from "../iterators.js";
import { alsoWhenChanged } from "../node/callbacks.js";
import { optionsOf } from "../node/inputs.js";
import { companionsOf } from "./companions.js";
import { variantsOf } from "./variants.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { ItemSettings, Which } from "../../../types/server.d.ts"
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
 * The inputs of an iterator that decide which items it hands out, as the server has marked them.
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
 * The settings to ask the server about for an iterator's folder or table; null if an input comes
 * from another node, as its value is then known only during a run.
 *
 * @param {Node} node
 * @returns {ItemSettings | null}
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
  const text = (/** @type {string} */ name) => String(settings[name] ?? "");
  const place = placeIn(node);
  const named = { [place]: text(place), ...(handsOutRows(node) ? { text: text("text") } : {}) };
  const beside = areFiles(sourceOfNode(node)) ? companionsOf(node) : [];
  const companions = beside.length ? { companions: beside } : {};
  const variants = variantsOf(node);
  return /** @type {ItemSettings} */ ({
    ...settings,
    ...named,
    ...(isImages(node) ? {} : { iterator: node.comfyClass }),
    ...companions,
    ...(variants ? { variants } : {}),
    ...own,
    ...(title ? { title } : {}),
  });
}

/**
 * Whether settings name a folder, a film or a table, or have the table's text.
 *
 * @param {ItemSettings} settings
 */
export function isChosen(settings) {
  if ("film" in settings) return settings.film.trim() !== "";
  if (!("file" in settings)) return settings.directory !== "";
  return settings.file.trim() !== "" || settings.text.trim() !== "";
}

/**
 * Whether a table is named though rows are typed into the node, which then are not used.
 *
 * @param {ItemSettings | null} settings
 */
export function leavesText(settings) {
  return settings !== null && "file" in settings && settings.file.trim() !== "" && settings.text.trim() !== "";
}

/**
 * Whether an iterator leaves out what has results; null if that comes from another node.
 *
 * @param {Node} node
 */
export function skipsFinished(node) {
  return isLinked(node, ["skip_finished"]) ? null : Boolean(widgetOf(node, "skip_finished")?.value);
}

/**
 * How to identify the loop to the server: by the node's settings or, if those come from other
 * nodes, by the loop it last worked on. Null if that is unknown too: a wrong guess could start
 * another folder over. Only a folder of images is named by itself; of others, `last` is all that
 * tells.
 *
 * @param {Node} node
 * @param {string | null} [last]
 * @returns {Which | null}
 */
export function whichLoop(node, last) {
  const isNamed = !isNamedByServer(node) && !isLinked(node, ["directory", "loop_name"]);
  if (!isNamed) return last ? { loop: last } : null;
  const text = (/** @type {string} */ name) => String(widgetOf(node, name)?.value ?? "");
  return { directory: text("directory"), loop_name: text("loop_name"), ...workflowOf(node) };
}

/**
 * Whether the loop of a node's settings has an id that only the server tells.
 *
 * @param {Node} node
 */
export function isNamedByServer(node) {
  return !isImages(node) || variantsOf(node) !== undefined;
}

/** @param {Node} node */
function isImages(node) {
  return sourceOfNode(node) === "images";
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
