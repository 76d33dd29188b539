/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 */

const SAVER = "BatchLoopSaveImage";
const IMAGE = "IMAGE";

/** Of Directory Iterator. */
const LOOP_OUTPUT = 0;
const IMAGE_OUTPUT = 1;

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
 * Add Save Image (Batch) beside what a Directory Iterator's image is connected to, with its links;
 * one undo takes it back.
 *
 * @param {App} app
 * @param {Node} iterator
 */
export function addSaver(app, iterator) {
  const { canvas } = app;
  const saver = LiteGraph.createNode(SAVER);
  if (!saver || !iterator.graph) return;
  const [last, output] = lastWithImage(iterator);
  // What was changed before is a step of its own to undo.
  canvas.emitBeforeChange();
  canvas.emitAfterChange();
  canvas.emitBeforeChange();
  saver.pos = [last.pos[0] + last.size[0] + GAP, last.pos[1]];
  iterator.graph.add(saver);
  last.connect(output, saver, "image");
  iterator.connect(LOOP_OUTPUT, saver, "loop");
  canvas.emitAfterChange();
  canvas.setDirty(true, true);
}

/**
 * The last node in the first chain that an image goes through, and the output that it leaves by.
 *
 * @param {Node} iterator
 * @returns {[Node, number]}
 */
function lastWithImage(iterator) {
  /** @type {[Node, number]} */
  let at = [iterator, IMAGE_OUTPUT];
  const seen = new Set([iterator]);
  for (;;) {
    const [node, output] = at;
    const next = (node.getOutputNodes(output) ?? []).find((each) => imageOutputOf(each) !== -1);
    if (!next || seen.has(next)) return at;
    seen.add(next);
    at = [next, imageOutputOf(next)];
  }
}

/** @param {Node} node */
function imageOutputOf(node) {
  return (node.outputs ?? []).findIndex(({ type }) => type === IMAGE);
}
