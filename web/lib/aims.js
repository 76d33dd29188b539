import { sourceOf } from "./items.js";
import { arrivalsOf, loopOf } from "./questions.js";
import { Refused } from "./requests.js";
import { t } from "./texts.js";
import { waiting, waitingStopped, watching, watchingStopped } from "./words.js";

/**
 * @import { Toast } from "../../types/comfyui.d.ts"
 * @import { Iteration } from "../../types/nodes.d.ts"
 * @import { Arrived, Loop } from "../../types/server.d.ts"
 * @import { Question } from "./questions.js"
 */

/**
 * @typedef {object} Aim - what the page waits for before Auto Queue goes on
 * @property {(loop: string) => Question} question - what to ask the server about a loop
 * @property {(answer: any) => number} ready - how many prompts would have work to do, according to
 *   the answer; throws Refused if the loop is no longer known
 * @property {(loops: Iteration[]) => Toast} begun - the toast when waiting begins
 * @property {(reason: string, on: boolean) => Toast} refused - the toast when the server refuses to
 *   look; `on` tells whether it will be asked again
 * @property {boolean} hasButton - whether Directory Iterator shows a button to stop waiting
 */

/** HTTP status for a loop that the server does not know. */
export const UNKNOWN_LOOP = 404;

/**
 * New images in the folder of a complete batch.
 *
 * @type {Aim}
 */
export const NEW_IMAGES = {
  question: arrivalsOf,
  ready: (/** @type {Arrived} */ { next, ready }) => (next === "watch" ? 0 : ready),
  begun: (loops) => watching(loops.map(({ directory }) => sourceOf(directory))),
  refused: watchingStopped,
  hasButton: true,
};

/**
 * The last images of a batch, on which other servers are working: they finish them, or give one
 * back.
 *
 * @type {Aim}
 */
export const OTHER_SERVERS = {
  question: loopOf,
  ready(/** @type {Loop | null} */ state) {
    if (!state) throw new Refused(t("notice.waiting.forgotten"), UNKNOWN_LOOP);
    // Even if nothing is left, one more prompt is needed to report the end.
    return state.next === "wait" ? 0 : Math.max(1, state.pending - state.unpaired);
  },
  begun: waiting,
  refused: waitingStopped,
  hasButton: false,
};
