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
/** The height of a title, which is above a node's place. */
const TITLE = 30;

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
  makeWay(saver, iterator.graph.nodes);
  iterator.graph.add(saver);
  if (input && output !== null) last.connect(output, saver, input);
  iterator.connect(LOOP_OUTPUT, saver, "loop");
  canvas.emitAfterChange();
  canvas.setDirty(true, true);
}

/**
 * Move a node down until it covers no others.
 *
 * @param {Node} node
 * @param {Node[]} others
 */
function makeWay(node, others) {
  const [left, right] = [node.pos[0], node.pos[0] + node.size[0]];
  const beside = others.filter(({ pos, size }) => pos[0] < right && left < pos[0] + size[0]);
  for (const { pos, size } of beside.sort((one, other) => one.pos[1] - other.pos[1])) {
    const isAbove = pos[1] + size[1] <= node.pos[1] - TITLE;
    const isBelow = node.pos[1] + node.size[1] <= pos[1] - TITLE;
    if (!isAbove && !isBelow) node.pos = [left, pos[1] + size[1] + TITLE + GAP];
  }
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
