import { attributed, element, setText } from "./dom.js";
import { percent } from "./figures.js";
import { t } from "./texts.js";

/** @import { Figures } from "./figures.js" */

/** A bar that shows what is done, failed and left. */
export class ProgressBar {
  #done = element("div", "bar-done");
  #failed = element("div", "bar-failed");
  #isTold;

  /**
   * @param {{ isTold?: boolean }} [options] - `isTold: false` hides it from screen readers, if text
   *   beside it says the same
   */
  constructor({ isTold = true } = {}) {
    this.#isTold = isTold;
    const told = { role: "progressbar", "aria-label": t("progressLabel"), "aria-valuemin": 0 };
    this.element = attributed(
      element("div", "bar", this.#done, this.#failed),
      isTold ? told : { "aria-hidden": "true" },
    );
  }

  /**
   * Show the figures of a batch.
   *
   * @param {Pick<Figures, "done" | "failed" | "total">} figures
   * @param {string} words - the same in words
   */
  show({ done, failed, total }, words) {
    widen(this.#done, percent(done, total));
    widen(this.#failed, percent(failed, total));
    if (!this.#isTold) return;
    attributed(this.element, {
      "aria-valuemax": total,
      "aria-valuenow": done + failed,
      "aria-valuetext": words,
    });
  }
}

/** A progress bar with the same information as text below it. */
export class Progress {
  #bar = new ProgressBar();
  #texts = {
    done: element("span", "legend-done"),
    failed: element("span", "legend-failed"),
    left: element("span", "legend-left"),
  };
  #legend = element("div", "legend", ...Object.values(this.#texts));
  element = element("div", "progress", this.#bar.element, this.#legend);

  constructor() {
    this.#legend.ariaHidden = "true"; // the bar has the same label
  }

  /**
   * Show the figures of a batch, or nothing if there are none.
   *
   * @param {Figures | null} figures
   */
  show(figures) {
    this.element.hidden = figures === null;
    if (!figures) return;
    const { done, failed, left } = figures;
    const words = {
      done: t("card.done", { count: done }),
      failed: failed ? t("card.failed", { count: failed }) : "",
      left: t("card.left", { count: left }),
    };
    for (const name of /** @type {const} */ (["done", "failed", "left"])) {
      setText(this.#texts[name], words[name]);
      this.#texts[name].hidden = words[name] === "";
    }
    this.#bar.show(figures, Object.values(words).filter(Boolean).join(", "));
  }
}

/**
 * @param {HTMLElement} part
 * @param {number} wide - in percent
 */
function widen(part, wide) {
  part.style.width = `${wide}%`;
  part.hidden = wide === 0;
}
