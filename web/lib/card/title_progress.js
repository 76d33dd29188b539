import { percent } from "../figures.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { Figures } from "../figures.js"
 */

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/** The parts of a bar, in order. */
const PARTS = /** @type {const} */ (["done", "failed", "left"]);

/** In screen pixels, whatever the zoom. */
const THICKNESS = 5;
const LARGEST = 22;
const INSET = 6;

/**
 * Whether a node's title shows the progress, as its card is not visible: while the node is
 * collapsed, or zoomed out so far that ComfyUI hides elements over the canvas.
 *
 * @param {Pick<Node, "flags">} node
 * @param {{ low_quality?: boolean }} canvas
 */
export function isOnTitle({ flags }, canvas) {
  return Boolean(flags?.collapsed || canvas.low_quality);
}

/**
 * Draw a batch's progress on a node's title when its card is not visible.
 *
 * `shown` returns the figures to draw, or null for nothing. In the classic canvas, ComfyUI calls a
 * node's `onDrawForeground`.
 *
 * @param {Node} node
 * @param {() => Figures | null} shown
 */
export function drawOnTitle(node, shown) {
  const before = node.onDrawForeground;
  /** @type {NonNullable<Node["onDrawForeground"]>} */
  node.onDrawForeground = function (context, canvas, ...rest) {
    before?.call(this, context, canvas, ...rest);
    const figures = isOnTitle(this, canvas) ? shown() : null;
    if (figures) draw(context, boxOf(this, canvas.ds.scale), figures);
  };
}

/**
 * The parts of a bar as `[name, from, width]`, side by side, `width` in total.
 *
 * @param {Figures} figures
 * @param {number} width
 */
export function partsOf(figures, width) {
  /** @type {["done" | "failed" | "left", number, number][]} */
  const parts = [];
  let from = 0;
  for (const name of PARTS) {
    const wide = (percent(figures[name], figures.total) / 100) * width;
    if (wide > 0) parts.push([name, from, wide]);
    from += wide;
  }
  return parts;
}

/**
 * @param {Node} node
 * @param {number} scale
 */
function boxOf(node, scale) {
  const width = node.boundingRect?.[2] ?? node.size[0];
  const height = Math.min(THICKNESS / scale, LARGEST);
  return { x: INSET, y: -height - 1, width: width - 2 * INSET, height };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Box} box
 * @param {Figures} figures
 */
function draw(context, { x, y, width, height }, figures) {
  const theme = getComputedStyle(document.body);
  context.save();
  context.beginPath();
  context.roundRect(x, y, width, height, height / 2);
  context.clip();
  for (const [name, from, wide] of partsOf(figures, width)) {
    context.fillStyle = theme.getPropertyValue(`--batch-loop-${name}`);
    context.fillRect(x + from, y, wide, height);
  }
  context.restore();
}
