import { setText } from "../dom.js";
import { isAtWork } from "../figures.js";
import { queuedAt } from "../queued.js";
import { t } from "../texts.js";

/**
 * @import { ListedLoop } from "../../../types/server.d.ts"
 * @import { QueuePlace } from "../gate/queue_places.js"
 */

/**
 * Make a mark show how a loop stands, with a word and a colour.
 *
 * @param {HTMLElement} mark
 * @param {ListedLoop} loop
 * @param {QueuePlace | null} place - that of its batch in ComfyUI's queue, if this page goes on
 */
export function standingMark(mark, loop, place) {
  const word = wordFor(loop, place);
  setText(mark, t(`panel.standing.${word}`));
  mark.className = `batch-loop-standing batch-loop-standing-${word}`;
}

/**
 * @param {ListedLoop} loop
 * @param {QueuePlace | null} place
 */
function wordFor(loop, place) {
  if (isAtWork(loop)) return "running";
  if (queuedAt(loop, place)) return "queued";
  return loop.complete && loop.next === "watch" ? "watching" : loop.stands;
}
