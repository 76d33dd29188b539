import { alsoOn } from "./callbacks.js";

/** @import { Node } from "../../../types/comfyui.d.ts" */

/**
 * In Nodes 2.0 the page makes a node as high as its content, and older frontends note each such
 * height, as a change to undo. What a run shows on a node is no change of the workflow: so it is
 * saved with the height that it had before.
 *
 * @param {Node} node
 */
export function saveHeightOfItsOwn(node) {
  let [wide, high] = node.size;
  let grown = 0;
  alsoOn(node, "onExecuted", () => ran.add(node));
  alsoOn(node, "onResize", () => {
    const [width, height] = node.size;
    // By hand, a node is made larger with the pointer, or in both directions.
    const isOfPage = LiteGraph.vueNodesMode && isShown(node) && !isByUser(node) && width === wide;
    if (isOfPage) grown += height - high;
    [wide, high] = [width, height];
  });
  alsoOn(node, "onSerialize", (saved) => {
    if (LiteGraph.vueNodesMode && grown !== 0) saved.size = [saved.size[0], saved.size[1] - grown];
  });
}

/**
 * A node shows something of a run while `isShown` says so.
 *
 * @param {Node} node
 * @param {() => boolean} isShown
 */
export function showsRunWhile(node, isShown) {
  shown.set(node, isShown);
}

/**
 * The user changes what a node holds, and so its height: that is a change of the workflow.
 *
 * @param {Node} node
 */
export function changesHeight(node) {
  changed.set(node, performance.now() + LAYOUT_MS);
}

/** Until the page has given a node the height of its new content. */
const LAYOUT_MS = 200;

/** @type {WeakSet<Node>} */
const ran = new WeakSet();
/** @type {WeakMap<Node, () => boolean>} */
const shown = new WeakMap();
/** @type {WeakMap<Node, number>} */
const changed = new WeakMap();

/** @param {Node} node */
function isShown(node) {
  return ran.has(node) || Boolean(shown.get(node)?.());
}

/** @param {Node} node */
function isByUser(node) {
  return isPressed || performance.now() < (changed.get(node) ?? 0);
}

let isPressed = false;
for (const name of ["pointerdown", "pointerup", "pointercancel"]) {
  globalThis.addEventListener?.(name, () => (isPressed = name === "pointerdown"), { capture: true });
}
