/** @import { ListedLoop } from "../../types/server.d.ts" */

/**
 * @typedef {object} Figures - of a batch
 * @property {number} done
 * @property {number} failed
 * @property {number} left
 * @property {number} total
 * @property {number} seconds - time taken
 * @property {number | null} remaining - time left in seconds; null while too little is known
 * @property {number | null} perMinute - images a minute; null while too little is known
 */

/**
 * Images that have to have come to their end before a speed is worth telling: the first often
 * waits for the models.
 */
const ENOUGH = 2;

/**
 * The figures of a loop's batch, from its state on the server.
 *
 * @param {ListedLoop} state
 * @returns {Figures}
 */
export function figuresOf(state) {
  const { done, failed, left, total, seconds } = state;
  const settled = done + failed;
  const isKnown = settled >= ENOUGH && seconds > 0;
  return {
    done,
    failed,
    left,
    total,
    seconds,
    remaining: isKnown ? (seconds / settled) * left : null,
    perMinute: isKnown ? (settled / seconds) * 60 : null,
  };
}

/**
 * How much of a batch a part of it is, in percent; 0 of nothing.
 *
 * @param {number} part
 * @param {number} total
 */
export function percent(part, total) {
  return total > 0 ? (part / total) * 100 : 0;
}
