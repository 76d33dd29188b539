import { attributed, element, setText } from "../dom.js";
import { t } from "../texts.js";
import { percent } from "./figures.js";

/** @import { Figures } from "./figures.js" */

/** A bar of what is done, failed and left, with the same as text below it. */
export class ProgressBar {
  #done = element("div", "bar-done");
  #failed = element("div", "bar-failed");
  #texts = {
    done: element("span", "legend-done"),
    failed: element("span", "legend-failed"),
    left: element("span", "legend-left"),
  };

  constructor() {
    this.bar = attributed(element("div", "bar", this.#done, this.#failed), {
      role: "progressbar",
      "aria-label": t("card.progressLabel"),
      "aria-valuemin": 0,
    });
    this.legend = element("div", "legend", ...Object.values(this.#texts));
    this.legend.ariaHidden = "true"; // the bar says the same
  }

  /**
   * Show the figures of a batch.
   *
   * @param {Figures} figures
   */
  show({ done, failed, left, total }) {
    write(this.#texts.done, t("card.done", { count: done }));
    write(this.#texts.failed, failed ? t("card.failed", { count: failed }) : "");
    write(this.#texts.left, t("card.left", { count: left }));
    widen(this.#done, percent(done, total));
    widen(this.#failed, percent(failed, total));
    const shown = Object.values(this.#texts).filter((text) => !text.hidden);
    attributed(this.bar, {
      "aria-valuemax": total,
      "aria-valuenow": done + failed,
      "aria-valuetext": shown.map((text) => text.textContent).join(", "),
    });
  }

  /** The colours as the page's theme has them, for who draws the bar on the canvas. */
  get colours() {
    return { done: colourOf(this.#done), failed: colourOf(this.#failed), left: colourOf(this.bar) };
  }
}

/**
 * @param {HTMLElement} target
 * @param {string} text
 */
function write(target, text) {
  setText(target, text);
  target.hidden = text === "";
}

/**
 * @param {HTMLElement} part
 * @param {number} wide - in percent
 */
function widen(part, wide) {
  part.style.width = `${wide}%`;
  part.hidden = wide === 0;
}

/** @param {HTMLElement} target */
function colourOf(target) {
  return getComputedStyle(target).backgroundColor;
}
