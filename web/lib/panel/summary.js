import { ending } from "../card/phases.js";
import { element, setText } from "../dom.js";
import { figuresOf, isAtWork, noteLines, timesOf } from "../figures.js";
import { ProgressBar } from "../progress_bar.js";
import { otherServers, queuedAt, queuedIn } from "../queued.js";
import { t, textsOf } from "../texts.js";
import { inWords, quarters } from "./far.js";

/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { Figures } from "../figures.js"
 * @import { QueuePlace } from "../gate/queue_places.js"
 */

/** The figures below the bar; each is also the class that gives it its colour. */
const FIGURES = /** @type {const} */ (["done", "failed", "left", "finished", "lacking"]);

/** A batch's bar, figures and times, and occasional announcements for screen readers. */
export class Summary {
  element;
  #bar = new ProgressBar();
  #figures = FIGURES.map((name) => element("span", `figure batch-loop-figure-${name}`));
  #time = element("p", "time");
  #notes = element("p", "time");
  #told = element("p", "unseen");
  /** The batch and its quarter that were last announced. */
  #tellable = "";

  constructor() {
    this.#told.setAttribute("role", "status");
    const figures = element("p", "figures", ...this.#figures);
    const texts = [figures, this.#time, this.#notes, this.#told];
    this.element = element("div", "summary", this.#bar.element, ...texts);
  }

  /**
   * @param {Loop} loop
   * @param {object} waits
   * @param {boolean} waits.pauses - whether it has been paused, and its last image still runs
   * @param {boolean} waits.cancels - whether that image was cancelled
   * @param {boolean} waits.awaits - whether the page waits for anything of it
   * @param {QueuePlace | null} waits.place - that of its batch in ComfyUI's queue
   */
  show(loop, { pauses, cancels, awaits, place }) {
    const figures = figuresOf(loop);
    this.#bar.show(figures, inWords(loop));
    const { done, failed, left } = figures;
    const counts = { done, failed, left, finished: loop.finished, lacking: loop.lacking };
    FIGURES.forEach((name, place) => {
      const figure = this.#figures[place];
      const count = counts[name];
      figure.hidden = name !== "done" && count === 0;
      setText(figure, figure.hidden ? "" : t(`panel.count.${name}`, { count }));
    });
    const time = timeInWords(figures);
    setText(this.#time, time);
    this.#time.hidden = !time;
    const queuePlace = isAtWork(loop) ? null : queuedAt(loop, place);
    const wait = queuePlace ? queuedIn(queuePlace).detail : otherServers(loop, awaits);
    const page = ending({ pauses, cancels }, textsOf(loop)) || wait;
    const notes = [page, ...noteLines(loop)].filter(Boolean).join(" ");
    setText(this.#notes, notes);
    this.#notes.hidden = !notes;
    this.#tell(loop);
  }

  /** @param {Loop} loop */
  #tell(loop) {
    const tellable = JSON.stringify([loop.id, loop.batch, quarters(loop), loop.complete]);
    const isNews = this.#tellable && tellable !== this.#tellable;
    this.#tellable = tellable;
    if (!isNews) return;
    const words = inWords(loop);
    setText(this.#told, loop.complete && loop.next !== "watch" ? t("panel.told.complete", { far: words }) : words);
  }
}

/**
 * What is known of the time, whether or not the batch is at work, as on the card.
 *
 * @param {Figures} figures
 */
export function timeInWords(figures) {
  const { seconds, left, remaining: secondsLeft, perMinute } = figures;
  if (!seconds) return "";
  const { taken, remaining, perMinute: speed } = timesOf(figures);
  const words = [taken];
  if (left && secondsLeft !== null) words.push(remaining);
  if (perMinute !== null) words.push(speed);
  return words.filter(Boolean).join(" · ");
}
