/**
 * @import { App, DOMWidgets, Node } from "../../../types/comfyui.d.ts"
 * @typedef {{ element: HTMLElement, content: HTMLElement }} Card - `content` has its natural height
 */

/** ComfyUI's margin around elements over the canvas. */
const MARGIN = 10;

/**
 * Add a card to a node, as its last widget; returns the widget.
 *
 * It is in neither the prompt nor the saved workflow. It is as high as its content, and `height`
 * until it has been on screen: ComfyUI enlarges a node when its widgets need it, but never shrinks
 * it.
 *
 * @param {Node} node
 * @param {string} name
 * @param {Card} card
 * @param {number} height
 */
export function addCard(node, name, card, height) {
  const needed = () => height + 2 * MARGIN;
  const { element } = card;
  const target = /** @type {Node & DOMWidgets} */ (node);
  const widget = target.addDOMWidget(name, "batch-loop-card", element, {
    serialize: false,
    hideOnZoom: true,
    margin: MARGIN,
    getMinHeight: needed,
    getMaxHeight: needed,
    // ComfyUI enlarges the node while drawing it, but does not draw it again.
    afterResize: () => node.graph?.setDirtyCanvas(true, true),
    getValue: () => "",
    setValue: () => {},
  });
  widget.serialize = false; // for the workflow; the option is for the prompt
  // Newer frontends store the width at which they drew it in the side panel, but a card is as
  // wide as its node.
  Object.defineProperty(widget, "width", { get: () => undefined, set: () => {} });
  const [wide, high] = node.computeSize();
  node.setSize([Math.max(node.size[0], wide), Math.max(node.size[1], high)]);
  new ResizeObserver(() => {
    const { offsetHeight } = card.content;
    if (offsetHeight === 0 || offsetHeight === height) return; // not visible, or unchanged
    height = offsetHeight;
    node.graph?.setDirtyCanvas(true, true);
  }).observe(card.content);
  return widget;
}

/** The place of a node's last widget in Nodes 2.0, if it is still empty. */
const EMPTY_PLACE = ".lg-node-widget:last-child > :last-child:empty";

/**
 * Make sure that a node in Nodes 2.0 shows its card. When another workflow is opened in which a
 * node has the same id, some frontends keep the old node's elements, with its card or none.
 *
 * @param {Node} node
 * @param {Card} card
 */
export function takePlace(node, card) {
  if (card.element.isConnected) return;
  const drawn = document.querySelector(`.lg-node[data-node-id="${CSS.escape(String(node.id))}"]`);
  const before = drawn?.querySelector(`[data-card="${card.element.dataset.card}"]`);
  if (before) before.replaceWith(card.element);
  else drawn?.querySelector(EMPTY_PLACE)?.append(card.element);
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
