import { element, setText } from "../dom.js";
import { ProgressBar } from "../progress_bar.js";
import { t } from "../texts.js";

/** @import { Figures } from "../figures.js" */

/** A card's bar, with the same as text below it. */
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
    this.#legend.ariaHidden = "true"; // the bar says the same
  }

  /**
   * Show the figures of a batch; nothing where there are none.
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

  /** The colours as the page's theme has them, for who draws the bar on the canvas. */
  get colours() {
    return this.#bar.colours;
  }
}
