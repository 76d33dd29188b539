import { element, setText } from "../dom.js";
import { t } from "../texts.js";
import { duration } from "../words.js";
import { ProgressBar, inWords } from "./progress_bar.js";
import { pace, quarters } from "./standing.js";

/** @import { Loop } from "../../../types/server.d.ts" */

/** The figures under the bar, with the class that gives each its colour. */
const FIGURES = /** @type {const} */ (["done", "failed", "left", "finished"]);

/** How a batch stands: bar, figures, time, and a word now and then for who does not see them. */
export class Summary {
  element;
  #bar = new ProgressBar(t("panel.progress"));
  #figures = FIGURES.map((name) => element("span", `figure batch-loop-figure-${name}`));
  #time = element("p", "time");
  #told = element("p", "unseen");
  /** What was told last: the batch and its quarter. */
  #tellable = "";

  constructor() {
    this.#told.setAttribute("role", "status");
    const figures = element("p", "figures", ...this.#figures);
    this.element = element("div", "summary", this.#bar.element, figures, this.#time, this.#told);
  }

  /**
   * @param {Loop} loop
   * @param {boolean} runs
   */
  show(loop, runs) {
    this.#bar.show(loop);
    const { done, ended, failed, pending, running, finished } = loop;
    const counts = { done: done + ended, failed, left: pending + running, finished };
    FIGURES.forEach((name, place) => {
      const figure = this.#figures[place];
      const count = counts[name];
      figure.hidden = name !== "done" && count === 0;
      setText(figure, figure.hidden ? "" : t(`panel.count.${name}`, { count }));
    });
    const time = timeInWords(loop, runs);
    setText(this.#time, time);
    this.#time.hidden = !time;
    this.#tell(loop);
  }

  /** @param {Loop} loop */
  #tell(loop) {
    const tellable = JSON.stringify([loop.id, loop.batch, quarters(loop), loop.complete]);
    const isNews = this.#tellable && tellable !== this.#tellable;
    this.#tellable = tellable;
    if (!isNews) return;
    const words = inWords(loop);
    setText(this.#told, loop.complete ? t("panel.told.complete", { far: words }) : words);
  }
}

/**
 * @param {Loop} loop
 * @param {boolean} runs
 */
function timeInWords(loop, runs) {
  const going = pace(loop);
  if (!going) return "";
  const taken = t("panel.time.taken", { duration: duration(loop.seconds) });
  const places = going.perMinute < 10 ? 10 : 1;
  const perMinute = Math.round(going.perMinute * places) / places;
  const speed = t("panel.time.speed", { perMinute });
  if (!runs || going.left <= 0) return `${taken} · ${speed}`;
  const left = t("panel.time.left", { duration: duration(going.left) });
  return `${taken} · ${left} · ${speed}`;
}
