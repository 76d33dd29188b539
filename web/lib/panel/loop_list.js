import { attributed, button, element, icon, setText } from "../dom.js";
import { sourceOf } from "../items.js";
import { ProgressBar } from "../progress_bar.js";
import { t, texts } from "../texts.js";
import { namesOf, ownName } from "../words.js";
import { inWords } from "./far.js";
import { standingMark } from "./standing_mark.js";
import { ago, moment } from "../when.js";

/**
 * @import { ListedLoop } from "../../../types/server.d.ts"
 * @import { QueuePlace } from "../gate/queue_places.js"
 */

/** A list of all loops that the server knows, to choose one from. */
export class LoopList {
  element;
  #opened;
  #places;
  #list = attributed(element("ul", "loops"), { role: "list", "aria-label": t("panel.title") });
  #empty;
  /** @type {Map<string, LoopEntry>} */
  #entries = new Map();

  /**
   * @param {(loop: string) => void} opened - called when the user chooses a loop
   * @param {() => void} makeBatch - makes the workflow on screen a batch
   * @param {() => (loop: string) => QueuePlace | null} places - as they are now in ComfyUI's queue,
   *   by the loop; asked once for the whole list
   */
  constructor(opened, makeBatch, places) {
    this.#opened = opened;
    this.#places = places;
    this.#empty = emptyNote(makeBatch);
    const title = element("h2", "panel-title", t("panel.title"));
    const head = element("header", "panel-head", title);
    this.#empty.hidden = true;
    this.element = element("section", "panel-list", head, this.#empty, this.#list);
  }

  /**
   * @param {ListedLoop[]} loops - in the order in which to show them
   * @param {number} now - seconds since the epoch, by the server's clock
   */
  show(loops, now) {
    const known = new Set(loops.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (!known.has(id)) {
        entry.element.remove();
        this.#entries.delete(id);
      }
    }
    const placeOf = this.#places();
    loops.forEach((loop, place) => {
      this.#place(this.#entry(loop, now, placeOf(loop.id)), place);
    });
    this.#empty.hidden = loops.length > 0;
    this.#list.hidden = loops.length === 0;
  }

  /**
   * Focus a loop, or the first one.
   *
   * @param {string} [id]
   */
  focus(id) {
    const [first] = this.#entries.values();
    (this.#entries.get(id ?? "") ?? first)?.focus();
  }

  /**
   * @param {ListedLoop} loop
   * @param {number} now
   * @param {QueuePlace | null} queuePlace
   */
  #entry(loop, now, queuePlace) {
    const entry = this.#entries.get(loop.id) ?? new LoopEntry(() => this.#opened(loop.id));
    this.#entries.set(loop.id, entry);
    entry.show(loop, now, queuePlace);
    return entry;
  }

  /**
   * @param {LoopEntry} entry
   * @param {number} place
   */
  #place({ element: wanted }, place) {
    const there = this.#list.children[place];
    // Moved only if necessary: moving an element loses the focus.
    if (there !== wanted) this.#list.insertBefore(wanted, there ?? null);
  }
}

/** A loop in the list. */
class LoopEntry {
  element;
  #button;
  #name = element("strong", "loop-name");
  #own = element("span", "loop-own-name");
  #mark = element("span", "standing");
  #bar = new ProgressBar({ isTold: false });
  #far = element("span", "loop-far");
  #when = document.createElement("time");

  /** @param {() => void} opened */
  constructor(opened) {
    const first = element("span", "loop-line", this.#name, this.#mark);
    const last = element("span", "loop-line batch-loop-loop-figures", this.#far, this.#when);
    this.#button = element("button", "loop", first, this.#own, this.#bar.element, last);
    this.#button.type = "button";
    this.#button.addEventListener("click", opened);
    this.element = element("li", "loop-entry", this.#button);
  }

  focus() {
    this.#button.focus();
  }

  /**
   * @param {ListedLoop} loop
   * @param {number} now
   * @param {QueuePlace | null} place
   */
  show(loop, now, place) {
    setText(this.#name, ownName(sourceOf(loop.directory)));
    this.#button.title = sourceOf(loop.directory);
    const own = namesOf(loop);
    setText(this.#own, own);
    this.#own.title = own;
    this.#own.hidden = !own;
    standingMark(this.#mark, loop, place);
    const far = inWords(loop);
    this.#bar.show(loop, far);
    setText(this.#far, far);
    this.#showWhen(loop.ran_at, now);
  }

  /**
   * @param {number | null} ranAt
   * @param {number} now
   */
  #showWhen(ranAt, now) {
    this.#when.hidden = ranAt === null;
    if (ranAt === null) return;
    const { language } = texts();
    setText(this.#when, ago(ranAt, now, language));
    this.#when.dateTime = new Date(ranAt * 1000).toISOString();
    this.#when.title = moment(ranAt, language);
  }
}

/** @param {() => void} makeBatch */
function emptyNote(makeBatch) {
  return element(
    "div",
    "empty",
    icon("images"),
    element("p", "empty-title", t("panel.empty.title")),
    element("p", "empty-how", t("panel.empty.how")),
    button("button batch-loop-button-primary", t("convert.label"), makeBatch),
  );
}
