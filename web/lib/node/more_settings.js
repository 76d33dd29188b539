import { isLinked, widgetOf } from "../card/folder_settings.js";
import { attributed, button, element, setText } from "../dom.js";
import { t } from "../texts.js";
import { alsoOn, alsoWhenChanged } from "./callbacks.js";
import { hideRows } from "./hidden_rows.js";
import { optionsOf } from "./inputs.js";
import { changesHeight } from "./saved_height.js";
import { addElement, keepingExtraHeight } from "./widgets.js";

/**
 * @import { Node, Options, Widget } from "../../../types/comfyui.d.ts"
 *
 * @typedef {object} Setting
 * @property {Widget} widget
 * @property {Options} options
 */

const NAME = "batch_loop_more";

/** The node's property that says whether its settings are unfolded. */
const UNFOLDED = "batch_loop_unfolded";
const MARGIN = 3;
const HEIGHT = 24;

/** ComfyUI's space between two widgets. */
const SPACING = 4;

/**
 * Fold a node's settings: those that the server calls advanced are shown once the row More settings
 * is unfolded, which is below all others, and those that only matter with a certain value of
 * another one appear with that value.
 *
 * Whether they are unfolded is a property of the node, which ComfyUI saves with the workflow. A
 * hidden setting keeps its value, and one that comes from another node is always shown.
 *
 * @param {Node} node
 */
export function foldSettings(node) {
  const settings = settingsOf(node);
  const folded = settings.filter(({ options }) => options.advanced);
  const dependent = settings.filter(({ options }) => options.shown_with);
  if (folded.length === 0 && dependent.length === 0) return;
  const toggled = () => toggle(node, update);
  const row = folded.length > 0 ? addRow(node, placeBelow(node, settings), toggled) : null;

  const update = () => {
    const hidden = settings.filter(
      ({ widget, options }) => !isShown(node, options) && !isLinked(node, [widget.name]),
    );
    const changed = settings.filter((each) => hide(each.widget, hidden.includes(each)));
    row?.show(isUnfolded(node), folded.filter(isSet));
    if (row) hideRows(row.element, node, hidden);
    node.graph?.setDirtyCanvas(true, true);
    return changed.length > 0;
  };
  for (const { widget } of settings) {
    // The row takes the place of what newer frontends have for this, in Nodes 2.0 only.
    if (widget.options.advanced) widget.options.advanced = false;
    alsoWhenChanged(widget, () => change(node, update));
  }
  alsoOn(node, "onConfigure", () => {
    takeOver(node);
    update();
  });
  // Also as a workflow is opened, whose node then has its height already.
  alsoOn(node, "onPropertyChanged", (name) => name === UNFOLDED && update());
  alsoOn(node, "onConnectionsChange", update);
  keepingExtraHeight(node, update);
}

/**
 * @param {Node} node
 * @returns {Setting[]}
 */
function settingsOf(node) {
  return Object.entries(optionsOf(node)).flatMap(([name, options]) => {
    const widget = widgetOf(node, name);
    return widget ? { widget, options } : [];
  });
}

/**
 * @param {Node} node
 * @param {Options} options
 */
function isShown(node, { advanced, shown_with: condition }) {
  if (advanced && !isUnfolded(node)) return false;
  if (!condition) return true;
  const [name, value] = condition;
  return isLinked(node, [name]) || widgetOf(node, name)?.value === value;
}

/** @param {Node} node */
function isUnfolded(node) {
  return Boolean(node.properties[UNFOLDED]);
}

/**
 * Workflows were saved with the page's own `showAdvanced`; with that, newer frontends add a button
 * of theirs to the node, which knows nothing of the row.
 *
 * @param {Node} node
 */
function takeOver(node) {
  if (!node.showAdvanced) return;
  node.properties[UNFOLDED] = true;
  node.showAdvanced = false;
}

/** @param {Setting} setting */
function isSet({ widget, options }) {
  return options.default !== undefined && widget.value !== options.default;
}

/**
 * Returns whether that is a change.
 *
 * @param {Widget} widget
 * @param {boolean} isHidden
 */
function hide(widget, isHidden) {
  if (isHidden === (widget.computeSize === noSize)) return false;
  widget.hidden = isHidden;
  // Some frontends leave room for hidden widgets, unless these have no height.
  if (isHidden) widget.computeSize = noSize;
  else delete widget.computeSize;
  return true;
}

/** @returns {[number, number]} */
function noSize() {
  return [0, -SPACING];
}

/**
 * @param {Node} node
 * @param {() => boolean} update - returns whether other settings are shown than before
 */
function toggle(node, update) {
  node.properties[UNFOLDED] = !isUnfolded(node);
  change(node, update);
}

/**
 * @param {Node} node
 * @param {() => boolean} update - returns whether other settings are shown than before
 */
function change(node, update) {
  changesHeight(node, () => {
    let isOther = false;
    keepingExtraHeight(node, () => (isOther = update()));
    return isOther;
  });
}

/**
 * The place among a node's widgets below all settings that are not advanced.
 *
 * @param {Node} node
 * @param {Setting[]} settings
 */
function placeBelow(node, settings) {
  const last = settings.findLast(({ options }) => !options.advanced)?.widget;
  return (node.widgets?.findIndex(({ name }) => name === last?.name) ?? -1) + 1;
}

/**
 * @param {Node} node
 * @param {number} place - among the node's widgets
 * @param {() => void} toggled
 */
function addRow(node, place, toggled) {
  const label = element("span", "more-label", t("more.label"));
  const changed = element("span", "more-changed");
  const pressed = button("more", "", toggled);
  pressed.append(label, changed);
  addElement(node, { name: NAME, element: pressed, place, margin: MARGIN, height: () => HEIGHT });
  return {
    element: pressed,
    /**
     * @param {boolean} areUnfolded
     * @param {Setting[]} set - those that are not what they are by default
     */
    show(areUnfolded, set) {
      attributed(pressed, { "aria-expanded": String(areUnfolded) });
      setText(changed, set.length > 0 ? t("more.changed", { count: set.length }) : "");
      pressed.title = set
        .map(({ widget }) => `${widget.label ?? widget.name}: ${widget.value}`)
        .join("\n");
    },
  };
}
