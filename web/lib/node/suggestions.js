import { ITERATORS, ROW_ITERATOR } from "../iterators.js";

/**
 * The nodes that ComfyUI offers when a wire is dropped on the canvas, by the wire's type.
 *
 * @typedef {Record<string, string | string[] | undefined>} ByType
 */

const LOOP = "BATCH_LOOP";
const ROW = "BATCH_LOOP_ROW";

/** What comes after an output of a type, most likely first. */
const AFTER = {
  [LOOP]: ["BatchLoopSaveImage", "BatchLoopLoopStart", "BatchLoopLoopEnd", "BatchLoopBatchComplete"],
  [ROW]: ["BatchLoopRowValue"],
  BOOLEAN: ["BatchLoopEndQueue"],
};

/** What comes before an input of a type. */
const BEFORE = { [LOOP]: ITERATORS, [ROW]: [ROW_ITERATOR] };

/** ComfyUI's own entry, which it puts first. */
const REROUTE = "Reroute";

/**
 * Offer the pack's nodes; called once ComfyUI has collected what it offers itself, the first few
 * nodes of each type.
 */
export function offerNodes() {
  offer(LiteGraph.slot_types_default_out, AFTER);
  offer(LiteGraph.slot_types_default_in, BEFORE);
}

/**
 * @param {ByType | undefined} offered
 * @param {Record<string, string[]>} own
 */
function offer(offered, own) {
  if (!offered) return;
  for (const [type, nodes] of Object.entries(own)) {
    const others = [offered[type] ?? []].flat();
    const first = others[0] === REROUTE ? [REROUTE] : [];
    offered[type] = [...new Set([...first, ...nodes, ...others])];
  }
}
