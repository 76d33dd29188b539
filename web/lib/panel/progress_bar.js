import { attributed, element } from "../dom.js";
import { t } from "../texts.js";
import { settled } from "./standing.js";

/** @import { Loop } from "../../../types/server.d.ts" */

/** How much of a batch is done and how much has failed, as a bar. */
export class ProgressBar {
  element;
  #done = element("span", "meter-done");
  #failed = element("span", "meter-failed");

  /** @param {string} [label] - says whose progress it is; without it, words say it all beside */
  constructor(label) {
    this.element = element("div", "meter", this.#done, this.#failed);
    if (label) attributed(this.element, { role: "progressbar", "aria-label": label });
    else this.element.setAttribute("aria-hidden", "true");
  }

  /** @param {Loop} loop */
  show(loop) {
    const share = (/** @type {number} */ images) => `${(100 * images) / Math.max(1, loop.total)}%`;
    this.#done.style.width = share(loop.done + loop.ended);
    this.#failed.style.width = share(loop.failed);
    if (!this.element.hasAttribute("role")) return;
    attributed(this.element, {
      "aria-valuemin": 0,
      "aria-valuemax": loop.total,
      "aria-valuenow": settled(loop),
      "aria-valuetext": inWords(loop),
    });
  }
}

/**
 * How far a batch is: `11 of 12, 1 failed`.
 *
 * @param {Loop} loop
 */
export function inWords(loop) {
  const far = t("panel.settled", { settled: settled(loop), total: loop.total });
  return loop.failed ? `${far}, ${t("panel.count.failed", { count: loop.failed })}` : far;
}
