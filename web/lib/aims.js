import { Refused } from "./server.js";
import { t } from "./texts.js";
import { waiting, waitingStopped, watching, watchingStopped } from "./words.js";

/**
 * @import { Toast } from "../../types/comfyui.d.ts"
 * @import { Iteration } from "../../types/nodes.d.ts"
 * @import { LoopServer } from "./server.js"
 */

/**
 * @typedef {object} Aim - what the page waits for before Auto Queue goes on
 * @property {(loop: string) => Promise<number>} ready - how many prompts would find something to do
 *   in a loop; throws what `LoopServer` throws
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
 * @param {LoopServer} server
 * @returns {Aim}
 */
export function newImages(server) {
  return {
    async ready(loop) {
      const { next, ready } = await server.watch(loop);
      return next === "watch" ? 0 : ready;
    },
    begun: (loops) => watching(loops.map(({ directory }) => directory)),
    refused: watchingStopped,
    hasButton: true,
  };
}

/**
 * The last images of a batch, on which other servers work: they end it, or give one back.
 *
 * @param {LoopServer} server
 * @returns {Aim}
 */
export function otherServers(server) {
  return {
    async ready(loop) {
      const state = await server.loop(loop);
      if (!state) throw new Refused(t("notice.waiting.forgotten"), UNKNOWN_LOOP);
      // Where it is over, one prompt more is to tell the end.
      return state.next === "wait" ? 0 : Math.max(1, state.pending - state.unpaired);
    },
    begun: waiting,
    refused: waitingStopped,
    hasButton: false,
  };
}
