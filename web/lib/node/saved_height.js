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
  alsoOn(node, "onExecuted", () => showsRun(node));
  alsoOn(node, "onResize", () => {
    const [width, height] = node.size;
    // By hand, a node is made larger with the pointer, or in both directions.
    const isOfPage = LiteGraph.vueNodesMode && shown.has(node) && !isPressed && width === wide;
    if (isOfPage) grown += height - high;
    [wide, high] = [width, height];
  });
  alsoOn(node, "onSerialize", (saved) => {
    if (LiteGraph.vueNodesMode && grown !== 0) saved.size = [saved.size[0], saved.size[1] - grown];
  });
}

/**
 * From now on, a node shows something of a run.
 *
 * @param {Node} node
 */
export function showsRun(node) {
  shown.add(node);
}

/** @type {WeakSet<Node>} */
const shown = new WeakSet();

let isPressed = false;
for (const name of ["pointerdown", "pointerup", "pointercancel"]) {
  globalThis.addEventListener?.(name, () => (isPressed = name === "pointerdown"), { capture: true });
}
