/**
 * @import { App, DOMWidgets, Node } from "../../../types/comfyui.d.ts"
 * @typedef {{ element: HTMLElement, content: HTMLElement }} Card - `content` is as high as it needs
 *   to be
 */

/** ComfyUI's own margin around what lies over the canvas. */
const MARGIN = 10;

/**
 * Put a card on a node, as its last widget; returns the widget.
 *
 * It is in neither the prompt nor the saved workflow. It takes the height that its content
 * needs, `height` until it has been on the screen: ComfyUI makes a node larger when its widgets need
 * it, and never smaller.
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
    // ComfyUI makes the node larger while it draws it, and draws it no second time.
    afterResize: () => node.graph?.setDirtyCanvas(true, true),
    getValue: () => "",
    setValue: () => {},
  });
  widget.serialize = false; // of the workflow; the option is of the prompt
  // Newer frontends leave there how wide they have drawn it at the side of the page; the card is as
  // wide as its node.
  Object.defineProperty(widget, "width", { get: () => undefined, set: () => {} });
  const [wide, high] = node.computeSize();
  node.setSize([Math.max(node.size[0], wide), Math.max(node.size[1], high)]);
  new ResizeObserver(() => {
    const { offsetHeight } = card.content;
    if (offsetHeight === 0 || offsetHeight === height) return; // out of sight, or the same
    height = offsetHeight;
    node.graph?.setDirtyCanvas(true, true);
  }).observe(card.content);
  return widget;
}

/** Where Nodes 2.0 puts the last widget of a node, and has not put it. */
const EMPTY_PLACE = ".lg-node-widget:last-child > :last-child:empty";

/**
 * See that a node of Nodes 2.0 shows its card. Some frontends keep what they have drawn when another
 * workflow is opened in which a node has the same id: with it the card of the node before, or none.
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
 * Let the wheel and the middle button over a card move the canvas, as they do beside it.
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
