/** @import { Standing } from "../../types/server.d.ts" */

/**
 * Whether a loop is at work, by the server's word: also between two images, when none is under way.
 *
 * @param {Pick<Standing, "stands">} loop
 */
export function isAtWork({ stands }) {
  return stands === "running" || stands === "waiting";
}
