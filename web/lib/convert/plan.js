import { refuse } from "./cannot_convert.js";
import { DIRECTORY_ITERATOR } from "../iterators.js";
import { LOAD, candidateAt, pathTo, usedOnce } from "./candidates.js";
import { exposuresOf } from "./exposures.js";
import { LoopWay } from "./loop_way.js";
import { folderOf, namesFrom } from "./names.js";
import { dependants } from "./reach.js";
import { Workflow, slotName, textOf, titleOf } from "./workflow.js";

/**
 * @import { End, Plan, SavedNode } from "../../../types/convert.d.ts"
 * @import { SavedWorkflow, Step, Values, Where } from "../../../types/convert.d.ts"
 * @import { Graph, Link, Place } from "./workflow.js"
 */

const SAVE = "SaveImage";
const PREVIEW = "PreviewImage";
const SAVER = "BatchLoopSaveImage";

/** The outputs of Load Image, and those of Directory Iterator that replace them. */
const IMAGE_AND_MASK = [1, 2];
/** The inputs of Save Image and Preview Image, and those of Save Image (Batch) for them. */
const SAVER_INPUTS = new Map([
  ["images", "image"],
  // All of it is a folder: a name may have no slash.
  ["filename_prefix", "folder"],
]);

/** The plan's name for the new Directory Iterator. */
export const FOLDER_NODE = "folder";

/** What differs from the defaults: one broken image does not end a night's batch. */
const FOR_A_NIGHT = { error_handling: "Skip on error" };

/** @typedef {{ now: Date, name: string }} Context - `name` is the workflow's */

/**
 * How a Load Image becomes a batch's folder, and what depends on it the batch's results. Throws
 * CannotConvert.
 *
 * @param {SavedWorkflow} saved
 * @param {Where} where
 * @param {Context} context
 * @returns {Plan}
 */
export function planFor(saved, where, context) {
  const workflow = new Workflow(saved);
  const { graph, node } = candidateAt(workflow, where);
  const savers = dependants(workflow, { graph, node, path: pathTo(graph) }, [SAVE, PREVIEW]);
  const way = new LoopWay(graph, { node: FOLDER_NODE, slot: 0 }, usedOnce);
  /** @type {Plan} */
  const plan = { steps: [], savers: savers.length, dropped: [] };
  plan.steps.push({
    do: "add",
    graph: graph.id,
    key: FOLDER_NODE,
    type: DIRECTORY_ITERATOR,
    like: where.node,
    values: FOR_A_NIGHT,
  });
  const keys = new Map([entry(node, FOLDER_NODE)]);
  for (const [at, saver] of savers.entries()) {
    keys.set(saver.node, keyOf(at));
    addSaver(plan, saver, keyOf(at), valuesOf(savers, at, context));
  }
  const exposures = exposuresOf(graph, node);
  const own = exposures.map(({ link }) => link);
  for (const place of [{ graph, node }, ...savers]) plan.steps.push(...relinked(place, keys, own));
  for (const [at, saver] of savers.entries()) {
    const { steps, from } = way.into(saver.graph);
    const to = { node: keyOf(at), slot: "loop" };
    plan.steps.push(...steps, { do: "link", graph: saver.graph.id, from, to });
  }
  for (const place of [{ graph, node }, ...savers]) {
    plan.steps.push({ do: "remove", graph: place.graph.id, node: String(place.node.id) });
  }
  for (const { name } of exposures) plan.steps.push({ do: "hide", graph: graph.id, name });
  return plan;
}

/**
 * @param {Plan} plan
 * @param {Place} saver
 * @param {string} key
 * @param {ReturnType<typeof valuesOf>} given
 */
function addSaver(plan, { graph, node }, key, { values, dropped }) {
  plan.dropped.push(...dropped);
  const like = String(node.id);
  plan.steps.push({ do: "add", graph: graph.id, key, type: SAVER, like, values });
}

/**
 * The values of the node that replaces a saver.
 *
 * Preview Image names no folder: its pictures go into the workflow's own and, beside other results,
 * are told from those by a suffix.
 *
 * @param {Place[]} savers
 * @param {number} at
 * @param {Context} context
 * @returns {{ values: Values, dropped: string[] }}
 */
function valuesOf(savers, at, { now, name }) {
  const { node } = savers[at];
  if (node.type === SAVE) {
    const { dropped, ...values } = namesFrom(textOf(node, "filename_prefix"), now, name);
    return { values, dropped };
  }
  const before = savers.slice(0, at).filter((one) => one.node.type === PREVIEW).length;
  const suffix = before === 0 ? "_preview" : `_preview_${before + 1}`;
  const values = { folder: folderOf(name), suffix: savers.length === 1 ? "" : suffix };
  return { values, dropped: [] };
}

/**
 * The links of a node that is replaced, for the new nodes. A link between two of these nodes is
 * made once, with the node that it ends at.
 *
 * @param {Place} place
 * @param {Map<SavedNode, string>} keys - the new nodes' names
 * @param {Link[]} without - those that go with their node
 * @returns {Step[]}
 */
function relinked({ graph, node }, keys, without) {
  const newName = (/** @type {string} */ id) => {
    const there = graph.nodes.get(id);
    return there ? keys.get(there) : undefined;
  };
  const going = graph.from(node.id).filter(({ to }) => newName(to) === undefined);
  const coming = graph.to(node.id).filter((link) => !without.includes(link));
  return [...coming, ...going].map((link) => {
    const origin = newName(link.from);
    const target = newName(link.to);
    return linkStep(
      graph,
      link,
      origin === undefined
        ? { node: boundary(link.from, "inputs"), slot: link.fromSlot }
        : { node: origin, slot: newOutput(graph.nodes.get(link.from), link.fromSlot) },
      target === undefined
        ? { node: boundary(link.to, "outputs"), slot: link.toSlot }
        : { node: target, slot: newInput(node, link.toSlot) },
    );
  });
}

/**
 * @param {Graph} graph
 * @param {Link} link
 * @param {End} from
 * @param {End} to
 * @returns {Step}
 */
function linkStep(graph, { parentId }, from, to) {
  const step = /** @type {const} */ ({ do: "link", graph: graph.id, from, to });
  return parentId === undefined ? step : { ...step, parentId };
}

/**
 * @param {string} id
 * @param {"inputs" | "outputs"} name
 */
function boundary(id, name) {
  return id === "-10" || id === "-20" ? name : id;
}

/**
 * @param {SavedNode | undefined} node
 * @param {number} slot
 */
function newOutput(node, slot) {
  if (node?.type !== LOAD) return slot; // the image, unchanged
  const output = IMAGE_AND_MASK[slot];
  return output ?? refuse("unknownLink", { node: titleOf(node) });
}

/**
 * @param {SavedNode} node
 * @param {number} slot
 */
function newInput(node, slot) {
  const input = SAVER_INPUTS.get(slotName(node.inputs, slot));
  return input ?? refuse("unknownLink", { node: titleOf(node) });
}

/** @param {number} at */
function keyOf(at) {
  return `results ${at + 1}`;
}

/**
 * @param {SavedNode} node
 * @param {string} key
 * @returns {[SavedNode, string]}
 */
function entry(node, key) {
  return [node, key];
}
