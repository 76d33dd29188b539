import { t } from "../texts.js";

/** @import { ListedLoop } from "../../../types/server.d.ts" */

/** @typedef {"running" | "stopped" | "complete" | "failures" | "paused" | "fresh"} Standing */

/** For how long a loop counts as running between two runs, when none is under way. */
const GAP_MS = 4_000;
const PARTS = 4;

/**
 * How a loop stands, in one word.
 *
 * @param {ListedLoop} loop
 * @param {boolean} runs
 * @returns {Standing}
 */
export function standing(loop, runs) {
  if (runs) return "running";
  if (loop.complete) return loop.failed ? "failures" : "complete";
  if (loop.stopped) return "stopped";
  return settled(loop) ? "paused" : "fresh";
}

/**
 * How many images have come to their end.
 *
 * @param {ListedLoop} loop
 */
export function settled({ done, ended, failed }) {
  // What has ended is done as well, only that the server has not yet looked how.
  return done + ended + failed;
}

/**
 * How far a batch is: `11 of 12, 1 failed`.
 *
 * @param {ListedLoop} loop
 */
export function inWords(loop) {
  const far = t("panel.settled", { settled: settled(loop), total: loop.total });
  return loop.failed ? `${far}, ${t("panel.count.failed", { count: loop.failed })}` : far;
}

/**
 * How many quarters of a batch are over: what is worth telling of its progress.
 *
 * @param {ListedLoop} loop
 */
export function quarters(loop) {
  return loop.total ? Math.floor((PARTS * settled(loop)) / loop.total) : 0;
}

/**
 * Whether loops run. The server sees an image under way or sees none; between two runs there is a
 * moment with none, in which a batch has not come to a stop.
 */
export class Activity {
  #now;
  /** @type {Map<string, number>} when each loop was last seen at work */
  #seen = new Map();

  /** @param {() => number} [now] - in ms */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Whether a loop runs, by what the server has just said of it.
   *
   * @param {ListedLoop} loop
   */
  runs({ id, running, ended, complete, stopped }) {
    if (running + ended > 0) {
      this.#seen.set(id, this.#now());
      return true;
    }
    const recently = this.#now() - (this.#seen.get(id) ?? -Infinity) < GAP_MS;
    return recently && !complete && !stopped;
  }
}
