import { TITLE, placeFor } from "./place.js";

/**
 * @import { LiveCanvas, LiveGraph, LiveGroup, LiveNode } from "../../../types/litegraph.d.ts"
 * @import { Box, Pair } from "./place.js"
 */

/** How often a node's size is looked at, and how often it must be the same. */
const LOOK_MS = 30;
const MOST_LOOKS = 20;
const SAME = 3;

/** @typedef {{ graph: LiveGraph, node: LiveNode, before: Box }} New - and the old node's place */

/**
 * Put new nodes where they cover no others, once they have the sizes that the page gives them: in
 * Nodes 2.0 it makes a node as high as its content.
 *
 * @param {New[]} nodes
 * @param {LiveCanvas} canvas
 */
export async function placeBySize(nodes, canvas) {
  let sizes = "";
  for (let same = 0, looks = 0; same < SAME && looks < MOST_LOOKS; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = String(nodes.map(({ node }) => sizeOf(node)));
    same = now === sizes ? same + 1 : 0;
    sizes = now;
  }
  for (const one of nodes) {
    put(one, canvas);
    for (const group of one.graph.groups ?? []) keepIn(group, one.before, boxOf(one.node));
  }
}

/**
 * @param {New} place
 * @param {LiveCanvas} canvas
 */
export function put({ graph, node, before }, canvas) {
  const others = graph.nodes.filter((one) => one !== node).map(boxOf);
  const [x, y] = placeFor(before, boxOf(node), others);
  if (x === node.pos[0] && y === node.pos[1]) return;
  node.pos = [x, y];
  if (LiteGraph.vueNodesMode && canvas.graph === graph) showAt(node, { x, y }, canvas);
}

/**
 * Draw a node on screen where it is: Nodes 2.0 in 1.32 notes its place when it is added, draws it
 * there, and takes it back there with the next change of its size, unless the canvas moves it.
 *
 * @param {LiveNode} node
 * @param {{ x: number, y: number }} newPos
 * @param {LiveCanvas} canvas
 */
function showAt(node, newPos, canvas) {
  // Frontends with the newer name draw a node where it is, and warn of the older name.
  if ("applyNodePositions" in canvas) return;
  canvas.repositionNodesVueMode?.([{ node, newPos }]);
}

/**
 * @param {LiveNode} node
 * @returns {Box}
 */
function boxOf(node) {
  return { pos: node.pos, size: sizeOf(node) };
}

/**
 * The size of a node without its title, as it is drawn.
 *
 * @param {LiveNode} node
 * @returns {Pair}
 */
function sizeOf(node) {
  const [width, height] = node.size;
  if (node.flags?.collapsed) return [width, height];
  const drawn = /** @type {HTMLElement | null} */ (
    document.querySelector(`.lg-node[data-node-id="${CSS.escape(String(node.id))}"]`)
  );
  if (!drawn) return [width, height];
  return [Math.max(width, drawn.offsetWidth), Math.max(height, drawn.offsetHeight - TITLE)];
}

/**
 * A group that held the replaced node holds the new one, too.
 *
 * @param {LiveGroup} group
 * @param {Box} before
 * @param {Box} node
 */
function keepIn(group, before, node) {
  const [x, y] = group.pos;
  const [width, height] = group.size;
  const center = [before.pos[0] + before.size[0] / 2, before.pos[1] + before.size[1] / 2];
  const held =
    center[0] >= x && center[0] <= x + width && center[1] >= y && center[1] <= y + height;
  if (!held) return;
  const left = Math.min(x, node.pos[0] - MARGIN);
  const top = Math.min(y, node.pos[1] - TITLE - MARGIN);
  const right = node.pos[0] + node.size[0] + MARGIN;
  const bottom = node.pos[1] + node.size[1] + MARGIN;
  group.pos = [left, top];
  group.size = [Math.max(x + width, right) - left, Math.max(y + height, bottom) - top];
}

/** Around nodes in a group. */
const MARGIN = 10;
