import { sourceOfNode } from "../iterators.js";

/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 * @import { Source } from "../iterators.js"
 *
 * @typedef {object} Next
 * @property {string} saver - the class of the node that most often comes next
 * @property {string} [type] - of the output that it saves; without it that is left to the user
 * @property {string} [input] - the saver's input for it
 */

/** @type {Next} */
const IMAGES = { saver: "BatchLoopSaveImage", type: "IMAGE", input: "image" };

/** @type {Record<Source, Next>} */
const NEXT = {
  images: IMAGES,
  rows: IMAGES,
  frames: IMAGES,
  videos: { saver: "BatchLoopSaveVideo", type: "VIDEO", input: "video" },
  audio: { saver: "BatchLoopSaveText" },
};

/** Of iterators. */
const LOOP_OUTPUT = 0;

/** Between two nodes, in canvas units. */
const GAP = 60;

/**
 * Whether nothing is connected to an iterator's loop, so that it cannot run.
 *
 * @param {Node} iterator
 */
export function isAlone(iterator) {
  return !iterator.outputs?.[LOOP_OUTPUT]?.links?.length;
}

/**
 * The class of the saver that comes after an iterator.
 *
 * @param {Node} iterator
 */
export function saverAfter(iterator) {
  return NEXT[sourceOfNode(iterator)].saver;
}

/**
 * Add that saver beside the last node that an iterator's item, or what is made of it, goes through,
 * with its links; one undo takes it back.
 *
 * @param {App} app
 * @param {Node} iterator
 */
export function addSaver(app, iterator) {
  const { canvas } = app;
  const { saver: name, type, input } = NEXT[sourceOfNode(iterator)];
  const saver = LiteGraph.createNode(name);
  if (!saver || !iterator.graph) return;
  const [last, output] = (type && lastWith(type, iterator)) || [iterator, null];
  // What was changed before is a step of its own to undo.
  canvas.emitBeforeChange();
  canvas.emitAfterChange();
  canvas.emitBeforeChange();
  saver.pos = [last.pos[0] + last.size[0] + GAP, last.pos[1]];
  iterator.graph.add(saver);
  if (input && output !== null) last.connect(output, saver, input);
  iterator.connect(LOOP_OUTPUT, saver, "loop");
  canvas.emitAfterChange();
  canvas.setDirty(true, true);
}

/**
 * The last node in the first chain that has an output of a type, and that output; null if none has.
 *
 * What is between two of them may be of any type, such as a latent image.
 *
 * @param {string} type
 * @param {Node} iterator
 * @returns {[Node, number] | null}
 */
function lastWith(type, iterator) {
  const seen = new Set([iterator]);
  let next = firstWith(type, [iterator], seen);
  let last = next;
  while (next) {
    last = next;
    const [node, output] = next;
    next = firstWith(type, linkedTo(node, output, seen), seen);
  }
  return last;
}

/**
 * The first of some nodes, or of those after them, that has an output of a type.
 *
 * @param {string} type
 * @param {Node[]} nodes
 * @param {Set<Node>} seen - nodes that are not looked at again
 * @returns {[Node, number] | null}
 */
function firstWith(type, nodes, seen) {
  const found = [...nodes];
  for (const node of found) {
    const output = (node.outputs ?? []).findIndex((each) => each.type === type);
    if (output !== -1) return [node, output];
    found.push(...(node.outputs ?? []).flatMap((_, slot) => linkedTo(node, slot, seen)));
  }
  return null;
}

/**
 * The nodes that an output leads to and that are not seen yet; now they are.
 *
 * @param {Node} node
 * @param {number} output
 * @param {Set<Node>} seen
 */
function linkedTo(node, output, seen) {
  const linked = (node.getOutputNodes(output) ?? []).filter((each) => !seen.has(each));
  for (const each of linked) seen.add(each);
  return linked;
}
