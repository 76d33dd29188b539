import { t } from "../texts.js";

/** @import { ListedLoop } from "../../../types/server.d.ts" */

const PARTS = 4;

/**
 * How many images are finished.
 *
 * @param {ListedLoop} loop
 */
export function settled({ done, failed }) {
  return done + failed;
}

/**
 * A batch's progress: `11 of 12, 1 failed`.
 *
 * @param {ListedLoop} loop
 */
export function inWords(loop) {
  const far = t("panel.settled", { settled: settled(loop), total: loop.total });
  return loop.failed ? `${far}, ${t("panel.count.failed", { count: loop.failed })}` : far;
}

/**
 * How many quarters of a batch are finished, the steps in which progress is announced.
 *
 * @param {ListedLoop} loop
 */
export function quarters(loop) {
  return loop.total ? Math.floor((PARTS * settled(loop)) / loop.total) : 0;
}
