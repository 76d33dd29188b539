/**
 * Hides rows of nodes in Nodes 2.0, where some frontends look at a widget's `hidden` only once.
 * Style rules do it, and so do not change ComfyUI's elements.
 *
 * @import { Node, Widget } from "../../../types/comfyui.d.ts"
 */

/** The most inputs that the pack's nodes have, and more. */
const MOST_INPUTS = 32;

/** In the frontends that need it, a row is known by the key of its input. */
const RULES = Array.from(
  { length: MOST_INPUTS },
  (_, slot) => `.lg-node:has([data-hides~="${slot}"])
    .lg-node-widget:has([data-slot-key$="-in-${slot}"]) { display: none; }`,
);

/** Whether the rules are in the page. */
let isReady = false;

/**
 * Hide the rows of these settings of a node, and no others.
 *
 * @param {HTMLElement} element - one of the pack's own in the node
 * @param {Node} node
 * @param {{ widget: Widget }[]} hidden
 */
export function hideRows(element, node, hidden) {
  if (!isReady) addRules();
  const names = new Set(hidden.map(({ widget }) => widget.name));
  element.dataset.hides = (node.inputs ?? [])
    .flatMap(({ widget }, slot) => (widget && names.has(widget.name) ? slot : []))
    .join(" ");
}

function addRules() {
  isReady = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(RULES.join("\n"));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
