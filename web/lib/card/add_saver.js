/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 */

const SAVER = "BatchLoopSaveImage";
const IMAGE = "IMAGE";

/** Of iterators. */
const LOOP_OUTPUT = 0;

/** Between two nodes, in canvas units. */
const GAP = 60;

/**
 * Whether nothing is connected to a Directory Iterator's loop, so that it cannot run.
 *
 * @param {Node} iterator
 */
export function isAlone(iterator) {
  return !iterator.outputs?.[LOOP_OUTPUT]?.links?.length;
}

/**
 * Add Save Image (Batch) beside the last node that an iterator's image, or one that is made of its
 * row, goes through, with its links; one undo takes it back.
 *
 * @param {App} app
 * @param {Node} iterator
 */
export function addSaver(app, iterator) {
  const { canvas } = app;
  const saver = LiteGraph.createNode(SAVER);
  if (!saver || !iterator.graph) return;
  const [last, output] = lastWithImage(iterator) ?? [iterator, null];
  // What was changed before is a step of its own to undo.
  canvas.emitBeforeChange();
  canvas.emitAfterChange();
  canvas.emitBeforeChange();
  saver.pos = [last.pos[0] + last.size[0] + GAP, last.pos[1]];
  iterator.graph.add(saver);
  if (output !== null) last.connect(output, saver, "image");
  iterator.connect(LOOP_OUTPUT, saver, "loop");
  canvas.emitAfterChange();
  canvas.setDirty(true, true);
}

/**
 * The last node in the first chain that an image goes through, and the output that it leaves by;
 * null if there is no image yet.
 *
 * @param {Node} iterator
 * @returns {[Node, number] | null}
 */
function lastWithImage(iterator) {
  const first = firstWithImage(iterator);
  if (!first) return null;
  /** @type {[Node, number]} */
  let at = [first, imageOutputOf(first)];
  const seen = new Set([iterator, first]);
  for (;;) {
    const [node, output] = at;
    const next = (node.getOutputNodes(output) ?? []).find((each) => imageOutputOf(each) !== -1);
    if (!next || seen.has(next)) return at;
    seen.add(next);
    at = [next, imageOutputOf(next)];
  }
}

/**
 * The iterator, or the next node after it that makes an image.
 *
 * @param {Node} iterator
 */
function firstWithImage(iterator) {
  const found = [iterator];
  for (const node of found) {
    if (imageOutputOf(node) !== -1) return node;
    const next = (node.outputs ?? []).flatMap((_, output) => node.getOutputNodes(output) ?? []);
    found.push(...next.filter((each) => !found.includes(each)));
  }
  return null;
}

/** @param {Node} node */
function imageOutputOf(node) {
  return (node.outputs ?? []).findIndex(({ type }) => type === IMAGE);
}
