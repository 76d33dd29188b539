import { setText } from "../dom.js";
import { isAtWork } from "../figures.js";
import { t } from "../texts.js";

/** @import { ListedLoop } from "../../../types/server.d.ts" */

/**
 * Make a mark show how a loop stands, with a word and a colour.
 *
 * @param {HTMLElement} mark
 * @param {ListedLoop} loop
 */
export function standingMark(mark, loop) {
  const waits = loop.complete && loop.next === "watch";
  const word = isAtWork(loop) ? "running" : waits ? "watching" : loop.stands;
  setText(mark, t(`panel.standing.${word}`));
  mark.className = `batch-loop-standing batch-loop-standing-${word}`;
}
