import { setText } from "../dom.js";
import { t } from "../texts.js";
import { standing } from "./standing.js";

/** @import { ListedLoop } from "../../../types/server.d.ts" */

/**
 * Have a mark say how a loop stands, in a word and a colour.
 *
 * @param {HTMLElement} mark
 * @param {ListedLoop} loop
 * @param {boolean} runs
 */
export function standingMark(mark, loop, runs) {
  const word = standing(loop, runs);
  setText(mark, t(`panel.standing.${word}`));
  mark.className = `batch-loop-standing batch-loop-standing-${word}`;
}
