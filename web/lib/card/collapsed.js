import { percent } from "../figures.js";

/**
 * @import { Shown } from "./node_bar.js"
 * @typedef {Shown & { id: string | number }} ShownOn - what is shown on the node with this id
 */

/** A collapsed node of Nodes 2.0 is this, without a body. */
const COLLAPSED = ':not(:has([data-testid^="node-body"]))';

/**
 * Shows a batch's progress on collapsed nodes in Nodes 2.0, where a node's own drawing is not
 * asked for: by rules of a style sheet, which change nothing of ComfyUI's page.
 */
export class CollapsedNodes {
  #sheet = new CSSStyleSheet();
  #rules = "";

  constructor() {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.#sheet];
  }

  /**
   * Show these nodes' batches, and no others.
   *
   * @param {ShownOn[]} nodes
   */
  show(nodes) {
    const rules = nodes.map(ruleFor).join("\n");
    if (rules === this.#rules) return;
    this.#rules = rules;
    this.#sheet.replaceSync(rules);
  }
}

/**
 * The rule that draws a bar on the collapsed node.
 *
 * @param {ShownOn} shown
 */
export function ruleFor({ id, figures: { done, failed, total }, colours }) {
  const first = `${percent(done, total)}%`;
  const second = `${percent(done + failed, total)}%`;
  const stops = [
    `${colours.done} 0 ${first}`,
    `${colours.failed} ${first} ${second}`,
    `${colours.left} ${second}`,
  ];
  const node = `.lg-node[data-node-id=${JSON.stringify(String(id))}]`;
  return `${node}${COLLAPSED}::after {
    content: "";
    position: absolute;
    inset: auto 14px 3px;
    height: 4px;
    border-radius: 2px;
    pointer-events: none;
    background: linear-gradient(to right, ${stops.join(", ")});
  }`;
}
