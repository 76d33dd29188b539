/**
 * What parts of the page ask the server again and again, through the poller.
 *
 * @import { ItemSettings } from "../../types/server.d.ts"
 */

/**
 * A question that the server can be asked repeatedly, as a string.
 *
 * @typedef {string} Question
 */

export const LOOPS = "loops";

/**
 * How a loop stands; the answer is null if the server does not know it.
 *
 * @param {string} id
 * @returns {Question}
 */
export function loopOf(id) {
  return `loop ${id}`;
}

/**
 * Whether a loop's folder is gone.
 *
 * @param {string} id
 * @returns {Question}
 */
export function placeOf(id) {
  return `place ${id}`;
}

/**
 * Which new files have arrived in a loop's folder.
 *
 * @param {string} id
 * @returns {Question}
 */
export function arrivalsOf(id) {
  return `arrivals ${id}`;
}

/**
 * Which items an iterator's settings stand for: what a folder contains, or a table.
 *
 * @param {ItemSettings} settings
 * @returns {Question}
 */
export function folderOf(settings) {
  return `${"file" in settings ? "table" : "folder"} ${JSON.stringify(settings)}`;
}

/**
 * The server's answer, or the error instead of one.
 *
 * @typedef {{ value?: any, error?: unknown }} Answer
 * @typedef {Map<Question, Answer>} Answers
 */

/**
 * What a question begins with, which says how it is asked.
 *
 * @param {Question} question
 */
export function kindOf(question) {
  return question.split(" ", 1)[0];
}

/**
 * Whether a question is about how loops stand.
 *
 * @param {Question} question
 */
export function isAboutLoops(question) {
  return ["loops", "loop"].includes(kindOf(question));
}
