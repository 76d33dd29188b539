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
    const isOfPage = LiteGraph.vueNodesMode && width === wide && !isByUser(node);
    // When a node no longer shows a run, the page may take that height back.
    if (isOfPage && (isShown(node) || grown > 0)) grown += height - high;
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
 * So is the height that the page gives the node next, as it lays out some frames later what is
 * shown or hidden now.
 *
 * @param {Node} node
 * @param {() => boolean} make - makes the change; returns whether the page has to lay it out
 */
export function changesHeight(node, make) {
  isMaking = true;
  try {
    if (!make()) return;
  } finally {
    isMaking = false;
  }
  const change = Symbol();
  changing.set(node, change);
  afterFrames(FRAMES, () => {
    if (changing.get(node) === change) changing.delete(node);
  });
}

/** Many more than the page takes to lay a node out: a node that is large enough gets no height. */
const FRAMES = 30;

/**
 * @param {number} count
 * @param {() => void} then
 */
function afterFrames(count, then) {
  requestAnimationFrame(() => (count > 1 ? afterFrames(count - 1, then) : then()));
}

let isMaking = false;
/** @type {WeakSet<Node>} */
const ran = new WeakSet();
/** @type {WeakMap<Node, () => boolean>} */
const shown = new WeakMap();
/** @type {WeakMap<Node, symbol>} */
const changing = new WeakMap();

/** @param {Node} node */
function isShown(node) {
  return ran.has(node) || Boolean(shown.get(node)?.());
}

/** @param {Node} node */
function isByUser(node) {
  return isPressed || isMaking || changing.delete(node);
}

let isPressed = false;
for (const name of ["pointerdown", "pointerup", "pointercancel"]) {
  globalThis.addEventListener?.(name, () => (isPressed = name === "pointerdown"), { capture: true });
}
