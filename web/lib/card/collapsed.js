import { percent } from "../figures.js";

/**
 * @import { Figures } from "../figures.js"
 * @typedef {{ id: string | number, figures: Figures }} ShownOn - on the node with this id
 */

/** Matches collapsed nodes in Nodes 2.0, which have no body. */
const COLLAPSED = ':not(:has([data-testid^="node-body"]))';

/**
 * Shows a batch's progress on collapsed nodes in Nodes 2.0, which does not call a node's own
 * drawing. It uses style rules, and so does not change ComfyUI's elements.
 */
export class CollapsedNodes {
  #sheet = new CSSStyleSheet();
  #rules = "";

  constructor() {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.#sheet];
  }

  /**
   * Show progress on these nodes and no others.
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
 * The style rule that draws a bar on the collapsed node.
 *
 * @param {ShownOn} shown
 */
export function ruleFor({ id, figures: { done, failed, total } }) {
  const first = `${percent(done, total)}%`;
  const second = `${percent(done + failed, total)}%`;
  const stops = [
    `var(--batch-loop-done) 0 ${first}`,
    `var(--batch-loop-failed) ${first} ${second}`,
    `var(--batch-loop-left) ${second}`,
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
