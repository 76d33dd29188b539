import { DIRECTORY_ITERATOR } from "../iterators.js";
import { CannotConvert, refuse } from "./cannot_convert.js";
import { exposuresOf } from "./exposures.js";
import { isOff } from "./reach.js";
import { ROOT, Workflow, textOf, titleOf } from "./workflow.js";

/**
 * @import { Refusal, SavedWorkflow, Where } from "../../../types/convert.d.ts"
 * @import { Graph, Place } from "./workflow.js"
 */

export const LOAD = "LoadImage";

/**
 * The Load Images of a workflow that could be a batch's folder. Throws CannotConvert if there is
 * none.
 *
 * @param {SavedWorkflow} saved
 * @returns {(Where & { title: string, file: string })[]}
 */
export function candidates(saved) {
  const workflow = new Workflow(saved);
  refuseSecondBatch(workflow);
  const all = workflow.ofTypes(LOAD);
  if (all.length === 0) refuse("noLoadImage");
  const refusals = all.map((place) => refusalOf(workflow, place));
  const able = all.filter((_, at) => !refusals[at]);
  if (able.length === 0) throw new CannotConvert(/** @type {Refusal} */ (refusals[0]));
  // One that nothing uses is asked about only if all are such.
  const used = able.filter(({ graph, node }) => graph.from(node.id).length > 0);
  return (used.length > 0 ? used : able).map(({ graph, node }) => ({
    graph: graph.id,
    node: String(node.id),
    title: titleOf(node),
    file: textOf(node, "image"),
  }));
}

/**
 * The Load Image at a place, which can be a batch's folder. Throws CannotConvert if it cannot.
 *
 * @param {Workflow} workflow
 * @param {Where} where
 * @returns {Place}
 */
export function candidateAt(workflow, where) {
  refuseSecondBatch(workflow);
  const graph = workflow.graphs.get(where.graph);
  const node = graph?.nodes.get(where.node);
  if (!graph || !node) return refuse("noLoadImage");
  const refusal = refusalOf(workflow, { graph, node });
  if (refusal) throw new CannotConvert(refusal);
  return { graph, node };
}

/**
 * Why a Load Image cannot be a batch's folder, or undefined.
 *
 * @param {Workflow} workflow
 * @param {Place} place
 * @returns {Refusal | undefined}
 */
function refusalOf(workflow, { graph, node }) {
  const title = titleOf(node);
  if (graph.to(node.id).length > exposuresOf(graph, node).length) {
    return { reason: "linked", values: { node: title } };
  }
  try {
    const path = pathTo(graph);
    if ([node, ...path.map((around) => around.node)].some(isOff)) {
      return { reason: "off", values: { node: title } };
    }
  } catch (error) {
    if (error instanceof CannotConvert) return error;
    throw error;
  }
  return workflow.graphs.has(graph.id) ? undefined : { reason: "noLoadImage", values: {} };
}

/**
 * The subgraph nodes around a graph, the outermost first.
 *
 * @param {Graph} graph
 * @returns {Place[]}
 */
export function pathTo(graph) {
  if (graph.id === ROOT) return [];
  const around = usedOnce(graph);
  return [...pathTo(around.graph), around];
}

/**
 * The one node that stands for a subgraph.
 *
 * @param {Graph} graph
 * @returns {Place}
 */
export function usedOnce({ name, uses }) {
  if (uses.length !== 1) refuse("usedTwice", { subgraph: name });
  return uses[0];
}

/** @param {Workflow} workflow */
function refuseSecondBatch(workflow) {
  if (workflow.ofTypes(DIRECTORY_ITERATOR).length > 0) refuse("already");
}
