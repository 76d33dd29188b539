import { arrivalsOf, loopOf } from "./poller.js";
import { Refused } from "./server.js";
import { t } from "./texts.js";
import { waiting, waitingStopped, watching, watchingStopped } from "./words.js";

/**
 * @import { Toast } from "../../types/comfyui.d.ts"
 * @import { Iteration } from "../../types/nodes.d.ts"
 * @import { Arrived, Loop } from "../../types/server.d.ts"
 * @import { Question } from "./poller.js"
 */

/**
 * @typedef {object} Aim - what the page waits for before Auto Queue goes on
 * @property {(loop: string) => Question} question - what the server is asked about a loop
 * @property {(answer: any) => number} ready - how many prompts would find something to do, by the
 *   answer; throws Refused where the loop is known no more
 * @property {(loops: Iteration[]) => Toast} begun - what a person is told at the beginning
 * @property {(reason: string, on: boolean) => Toast} refused - and when the server refuses to look;
 *   `on` says whether it is asked again
 * @property {boolean} hasButton - whether Directory Iterator has a button to end it
 */

/** The status of an answer about a loop that the server does not know. */
export const UNKNOWN_LOOP = 404;

/**
 * New images in the folder of a complete batch.
 *
 * @type {Aim}
 */
export const NEW_IMAGES = {
  question: arrivalsOf,
  ready: (/** @type {Arrived} */ { next, ready }) => (next === "watch" ? 0 : ready),
  begun: (loops) => watching(loops.map(({ directory }) => directory)),
  refused: watchingStopped,
  hasButton: true,
};

/**
 * The last images of a batch, on which other servers work: they end it, or give one back.
 *
 * @type {Aim}
 */
export const OTHER_SERVERS = {
  question: loopOf,
  ready(/** @type {Loop | null} */ state) {
    if (!state) throw new Refused(t("notice.waiting.forgotten"), UNKNOWN_LOOP);
    // Where it is over, one prompt more is to tell the end.
    return state.next === "wait" ? 0 : Math.max(1, state.pending - state.unpaired);
  },
  begun: waiting,
  refused: waitingStopped,
  hasButton: false,
};
