import { alsoOn } from "./callbacks.js";

/**
 * @import { DOMWidgets, Node } from "../../../types/comfyui.d.ts"
 *
 * @typedef {object} Given
 * @property {string} name
 * @property {HTMLElement} element
 * @property {number} [place] - among the node's widgets; last if it is not given
 * @property {number} margin - around it over the canvas
 * @property {() => number} height - in canvas units, without the margin
 * @property {(node: Node) => number | undefined} [width] - in the classic canvas; that of the node
 *   if undefined
 */

/**
 * Add an element of the page to a node, as a widget; returns the widget.
 *
 * It is in neither the prompt nor the saved workflow.
 *
 * @param {Node} node
 * @param {Given} given
 */
export function addElement(node, { name, element, place, margin, height, width }) {
  const needed = () => height() + 2 * margin;
  const target = /** @type {Node & DOMWidgets} */ (node);
  const widget = target.addDOMWidget(name, "batch-loop-element", element, {
    serialize: false,
    hideOnZoom: true,
    // Newer frontends show the widgets in the side panel, where it would be an empty row.
    hideInPanel: true,
    margin,
    getMinHeight: needed,
    getMaxHeight: needed,
    // ComfyUI enlarges the node while drawing it, but does not draw it again.
    afterResize: () => node.graph?.setDirtyCanvas(true, true),
    getValue: () => "",
    setValue: () => {},
  });
  widget.serialize = false; // for the workflow; the option is for the prompt
  setWidth(widget, () => width?.(node));
  elements.set(node, [...(elements.get(node) ?? []), element]);
  if (place !== undefined) {
    const widgets = [...(node.widgets ?? [])];
    const [last] = widgets.splice(-1);
    node.widgets = widgets.toSpliced(place, 0, last);
    onlySavedValues(node);
  }
  return widget;
}

/**
 * Make `change`, and make the node as much higher or lower as its widgets take.
 *
 * @param {Node} node
 * @param {() => void} change
 */
export function keepingExtraHeight(node, change) {
  const extra = node.size[1] - node.computeSize()[1];
  change();
  const height = node.computeSize()[1] + Math.max(0, extra);
  if (height !== node.size[1]) node.setSize([node.size[0], height]);
}

/**
 * The elements that were added to a node, in the order in which it shows them.
 *
 * @type {WeakMap<Node, HTMLElement[]>}
 */
const elements = new WeakMap();

/** The places of such elements in Nodes 2.0: rows without an input. */
const PLACES = ".lg-node-widget:not(:has(.lg-slot)) > :last-child";

/**
 * Make sure that a node in Nodes 2.0 shows its elements. When another workflow is opened in which a
 * node has the same id, some frontends keep the old node's rows, with its elements or none.
 *
 * @param {Node} node
 */
export function takePlaces(node) {
  const own = elements.get(node) ?? [];
  if (own.every((element) => element.isConnected)) return;
  const drawn = document.querySelector(`.lg-node[data-node-id="${CSS.escape(String(node.id))}"]`);
  for (const [place, found] of drawn?.querySelectorAll(PLACES).entries() ?? []) {
    if (own[place] && !own[place].isConnected) innermost(found).replaceChildren(own[place]);
  }
}

/** @param {Element} place */
function innermost(place) {
  // Newer frontends wrap it once more.
  const only = place.children.length === 1 ? place.firstElementChild : null;
  return only && !only.className.includes("batch-loop") ? only : place;
}

/**
 * Have a widget drawn at this width over the canvas; that of its node while `width` is undefined.
 *
 * @param {object} widget
 * @param {() => number | undefined} width
 */
export function setWidth(widget, width) {
  // Newer frontends store the width at which they drew it in the side panel.
  Object.defineProperty(widget, "width", { get: width, set: () => {}, configurable: true });
}

/** @type {WeakSet<Node>} */
const compact = new WeakSet();

/**
 * Some frontends save a widget's value at its place among all widgets, but read the values as those
 * of the saved ones only. So no places may be left empty.
 *
 * @param {Node} node
 */
function onlySavedValues(node) {
  if (compact.has(node)) return;
  compact.add(node);
  alsoOn(node, "onSerialize", (saved) => {
    saved.widgets_values = saved.widgets_values?.filter(() => true);
  });
}
