import { alsoOn } from "../node/callbacks.js";
import { showsRunWhile } from "../node/saved_height.js";
import { addElement, keepingExtraHeight } from "../node/widgets.js";

/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 * @import { Figures } from "../figures.js"
 * @typedef {object} Card
 * @property {HTMLElement} element
 * @property {HTMLElement} content - at its natural height
 * @property {Figures | null} figures - of a run; null if there are none
 */

/** The name of the cards' widgets, which is that of an input where it is in a prompt: a trial. */
export const CARD = "batch_loop_card";
/** ComfyUI's margin around elements over the canvas. */
const MARGIN = 10;

/**
 * Add a card to a node; returns the widget.
 *
 * It is as high as its content, and `height` until it has been on screen. By how much that has made
 * the node higher is not saved with the workflow, so ComfyUI sees no change of it to undo.
 *
 * @param {Node} node
 * @param {object} given
 * @param {string} given.name
 * @param {Card} given.card
 * @param {number} given.height
 * @param {number} [given.place] - among the node's widgets; last if it is not given
 * @param {(node: Node) => number | undefined} [given.width] - in the classic canvas
 */
export function addCard(node, { name, card, height, place, width }) {
  const { element } = card;
  const widget = addElement(node, {
    name,
    element,
    place,
    margin: MARGIN,
    height: () => height,
    width,
  });
  const [wide, high] = node.computeSize();
  node.setSize([Math.max(node.size[0], wide), Math.max(node.size[1], high)]);
  showsRunWhile(node, () => card.figures !== null);
  let grown = 0;
  alsoOn(node, "onSerialize", (saved) => {
    if (grown !== 0) saved.size = [saved.size[0], saved.size[1] - grown];
  });
  new ResizeObserver(() => {
    const { offsetHeight } = card.content;
    if (offsetHeight === 0 || offsetHeight === height) return; // not visible, or unchanged
    const resize = () => (height = offsetHeight);
    const before = node.size[1];
    // In Nodes 2.0, the page itself makes the node as high as it has to be.
    if (LiteGraph.vueNodesMode || node.flags.collapsed) resize();
    else keepingExtraHeight(node, resize);
    grown += node.size[1] - before;
    node.graph?.setDirtyCanvas(true, true);
  }).observe(card.content);
  return widget;
}

/**
 * Let the wheel and the middle button move the canvas over a card too.
 *
 * @param {HTMLElement} target
 * @param {() => App["canvas"]} canvas
 */
export function passToCanvas(target, canvas) {
  const inClassicCanvas = () => target.closest(".dom-widget") !== null;
  const scrolls = (/** @type {WheelEvent} */ event) => {
    const list = /** @type {Element} */ (event.target).closest("[data-capture-wheel]");
    return list !== null && list.scrollHeight > list.clientHeight;
  };
  target.addEventListener(
    "wheel",
    (event) => {
      if (!inClassicCanvas() || (scrolls(event) && !event.ctrlKey)) return;
      event.preventDefault();
      canvas().processMouseWheel(event);
    },
    { passive: false },
  );
  target.addEventListener("pointerdown", (event) => {
    if (inClassicCanvas() && event.button === 1) canvas().processMouseDown(event);
  });
  target.addEventListener("pointermove", (event) => {
    if (inClassicCanvas() && event.buttons & 4) canvas().processMouseMove(event);
  });
  target.addEventListener("pointerup", (event) => {
    if (inClassicCanvas() && event.button === 1) canvas().processMouseUp(event);
  });
}
