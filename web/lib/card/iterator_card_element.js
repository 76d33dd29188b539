import { attributed, button, element, icon, setText } from "../dom.js";
import { isRow } from "../items.js";
import { showCut, showPath } from "../middle_cut.js";
import { Progress } from "../progress_bar.js";
import { Tile } from "../tile.js";
import { NOWHERE, resultsIn } from "../result_folder.js";
import { t, textsFor } from "../texts.js";
import { lastPart } from "./root_row.js";
import { TablePreview } from "./table_preview.js";

/**
 * @import { Table } from "../../../types/server.d.ts"
 * @import { Source } from "../iterators.js"
 * @import { Named } from "../items.js"
 * @import { ResultFolder } from "../result_folder.js"
 * @import { Buttons, IteratorModel } from "./texts_and_buttons.js"
 * @typedef {"run" | "tryOne" | "tryWhich" | "choose" | "skip"} Working
 * @typedef {Working | "retry" | "startOver" | "stopWatching" | "report"} Name
 * @typedef {Record<Name, (model: IteratorModel) => void>} CardActions
 * @typedef {object} Standing
 * @property {string | null} loop
 * @property {ResultFolder} results - the folder that they are in
 * @property {Table | null} [table] - the rows, of a Row Iterator
 * @property {boolean} [leavesText] - whether rows are typed into it that are not used
 * @property {boolean} watching
 * @property {boolean} choosing
 */

/** The buttons in order, with the paths of their texts. Each has its own place in the card. */
const BUTTONS = {
  run: { label: "run.run.label", tooltip: "run.run.tooltip" },
  tryOne: { label: "run.try.label", tooltip: "run.try.tooltip" },
  tryWhich: { label: "run.which.label", tooltip: "run.which.tooltip" },
  choose: { label: "card.choose.label", tooltip: "card.choose.tooltip" },
  startOver: { label: "startOver.title", tooltip: "startOver.tooltip" },
  report: { label: "card.report.label", tooltip: "card.report.tooltip" },
  retry: { label: "retry.label", tooltip: "retry.tooltip" },
  skip: { label: "skip.title", tooltip: "skip.tooltip" },
  stopWatching: { label: "stopWatching.label", tooltip: "stopWatching.tooltip" },
};

/** An iterator's card: its folder or table, its batch, and all of the node's buttons. */
export class IteratorCard {
  #say;
  #thumbnailOf;
  #tile = new Tile("thumbnail");
  #preview = new TablePreview();
  #progress = new Progress();
  #image = element("img", "thumbnail");
  #headline = element("div", "headline");
  #detail = attributed(element("div", "detail"), { role: "status" });
  #hint = element("div", "hint");
  #times = element("div", "times");
  #buttons = {
    run: this.#button("run"),
    tryOne: this.#button("tryOne"),
    tryWhich: this.#button("tryWhich"),
    choose: this.#button("choose"),
    startOver: this.#button("startOver"),
    report: this.#button("report"),
    retry: this.#button("retry"),
    skip: this.#button("skip"),
    stopWatching: this.#button("stopWatching"),
  };
  #results = button("card-results", "", () => this.#model && this.actions?.report(this.#model));
  /** @type {IteratorModel | null} */
  #model = null;

  /**
   * The buttons' actions.
   *
   * @type {CardActions | null}
   */
  actions = null;

  /**
   * @param {object} given
   * @param {(loop: string, path: string) => string} given.thumbnailOf - the URL of an image's
   *   thumbnail
   * @param {Source} [given.source] - what its items are
   */
  constructor({ thumbnailOf, source = "images" }) {
    this.#thumbnailOf = thumbnailOf;
    this.#say = textsFor(source);
    for (const name of /** @type {Name[]} */ (Object.keys(BUTTONS))) {
      setText(this.#buttons[name], this.#labelOf(name));
      this.#buttons[name].title = this.#say(BUTTONS[name].tooltip);
    }
    this.#image.alt = ""; // its name is next to it
    this.#image.addEventListener("error", () => (this.#image.hidden = true));
    const words = element("div", "words", this.#headline, this.#detail);
    const { run, tryOne, tryWhich, choose, startOver, ...others } = this.#buttons;
    // Until it is known which are needed.
    for (const each of [run, tryOne, tryWhich, choose, startOver]) each.disabled = true;
    // Nodes 2.0 makes a node no lower again, and a page may be slow to hear of its folder.
    const unknown = [this.#image, this.#progress.element, this.#times, this.#results, this.#hint];
    for (const each of [...Object.values(others), ...unknown]) each.hidden = true;
    tryWhich.replaceChildren(icon("chevron-down"));
    attributed(tryWhich, { "aria-label": this.#say("run.which.label"), "aria-haspopup": "dialog" });
    const tries = attributed(element("div", "card-split", tryOne, tryWhich), { "data-split": "try" });
    /** The card's content, at its natural height. */
    this.content = element(
      "div",
      "card-content",
      element("div", "now", this.#image, this.#tile.element, words),
      element("div", "card-buttons", run, tries, choose, startOver),
      this.#preview.element,
      this.#progress.element,
      this.#times,
      // In the place beside the others, the results make no node higher.
      element("div", "card-buttons", ...Object.values(others), this.#results),
      this.#hint,
    );
    this.element = attributed(element("div", "card", this.content), {
      "data-card": "iterator",
      role: "group",
      "aria-label": t("card.label"),
    });
  }

  /** The figures shown; null if there are none. */
  get figures() {
    return this.#model?.figures ?? null;
  }

  /**
   * @param {IteratorModel} model
   * @param {Standing} standing
   */
  show(model, { loop, results, table = null, leavesText = false, watching, choosing }) {
    this.#model = model;
    this.element.dataset.phase = model.phase;
    this.element.dataset.tone = model.tone;
    this.element.dataset.primary = model.buttons.primary ?? "";
    this.#showWords(model);
    write(this.#hint, model.hint, "");
    this.#hint.hidden = model.hint === "";
    this.#showImage(model.image, loop);
    this.#preview.show(table, leavesText);
    this.#progress.show(model.figures);
    this.#showTimes(model.times);
    this.#showButtons(model.buttons, { watching, choosing });
    this.#showResults(model.buttons.report ? results : NOWHERE);
  }

  /**
   * @param {Name} name
   * @returns {HTMLButtonElement}
   */
  #button(name) {
    const pressed = () => this.#model && this.actions?.[name](this.#model);
    return attributed(button("button", "", pressed), { "data-action": name });
  }

  /**
   * @param {Name} name
   * @param {number} [count]
   */
  #labelOf(name, count = 0) {
    return this.#say(BUTTONS[name].label, { count });
  }

  /**
   * Only names are cut: of a sentence, nothing may be missing.
   *
   * @param {IteratorModel} model
   */
  #showWords({ phase, headline, name, detail, title }) {
    if (name) showPath(this.#headline, headline, name);
    else setText(this.#headline, headline);
    (phase === "ready" ? showCut : setText)(this.#detail, detail);
    this.#headline.title = this.#detail.title = title;
  }

  /**
   * @param {Named | null} item
   * @param {string | null} loop
   */
  #showImage(item, loop) {
    this.#tile.show(item && isRow(item) ? item : null);
    const address = item && loop && !isRow(item) ? this.#thumbnailOf(loop, item.path) : null;
    if (!address) {
      this.#image.hidden = true;
      this.#image.removeAttribute("src");
    } else if (this.#image.getAttribute("src") !== address) {
      this.#image.hidden = false;
      this.#image.src = address;
    }
  }

  /** @param {ResultFolder} where */
  #showResults(where) {
    const { folder } = where;
    // There is no room for a path in half a row: the name has a line of its own.
    showCut(this.#results, folder && t("notice.results", { folder: `\n${lastPart(folder)}` }));
    this.#results.title = resultsIn(where);
    this.#results.hidden = !folder;
  }

  /** @param {string[]} times */
  #showTimes(times) {
    if (this.#times.textContent === times.join("")) return;
    this.#times.hidden = times.length === 0;
    this.#times.replaceChildren(...times.map((text) => element("span", "figure", text)));
  }

  /**
   * @param {Buttons} buttons
   * @param {Pick<Standing, "watching" | "choosing">} standing
   */
  #showButtons(buttons, { watching, choosing }) {
    const { run, tryOne, tryWhich, choose, startOver, retry, skip, report, stopWatching } =
      this.#buttons;
    setText(run, t(`run.${buttons.run}.label`));
    run.title = this.#say(`run.${buttons.run}.tooltip`);
    run.dataset.runs = buttons.run;
    run.disabled = !buttons.canRun;
    tryOne.disabled = tryWhich.disabled = buttons.tries === null;
    tryWhich.disabled ||= !buttons.listable;
    choose.disabled = !buttons.choose || choosing;
    setText(choose, choosing ? t("card.choose.open") : this.#labelOf("choose"));
    startOver.disabled = !buttons.startOver;
    setText(startOver, buttons.undo ? t("undo.label") : this.#labelOf("startOver"));
    startOver.title = this.#say(buttons.undo ? "undo.tooltip" : BUTTONS.startOver.tooltip);
    retry.hidden = buttons.retry === 0;
    setText(retry, this.#labelOf("retry", buttons.retry));
    skip.hidden = !buttons.skip;
    report.hidden = !buttons.report;
    stopWatching.hidden = !watching;
  }
}

/**
 * @param {HTMLElement} target
 * @param {string} text
 * @param {string} title
 */
function write(target, text, title) {
  setText(target, text);
  target.title = title;
}
