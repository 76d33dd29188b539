import { attributed, element, setText } from "../dom.js";
import { isAtWork } from "../figures.js";
import { sourceOf } from "../items.js";
import { MadeOfAllLinks } from "../made_of_all.js";
import { showPath } from "../middle_cut.js";
import { folderOf, resultsIn } from "../result_folder.js";
import { t, textsOf } from "../texts.js";
import { Viewer } from "../viewer/viewer.js";
import { namesOf, ownName } from "../words.js";
import { Buttons } from "./buttons.js";
import { Gallery } from "./gallery.js";
import { iconButton } from "./icon_button.js";
import { RunButtons } from "./run_buttons.js";
import { standingMark } from "./standing_mark.js";
import { Summary } from "./summary.js";
import { Tabs } from "./tabs.js";
import { VariantGrid } from "./variant_grid.js";
import { layoutOf } from "./variant_layout.js";

/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Changes } from "../changes.js"
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { RunControl } from "../run_control.js"
 * @import { Layout } from "./variant_layout.js"
 *
 * @typedef {object} Running - how to run loops
 * @property {RunControl} control
 * @property {(loop: string) => Node | null} nodeOf - a loop's node in the workflow on screen
 * @property {() => string[]} loopsHere - those of the workflow on screen
 */

const ALL = "all";
const FAILED = "failed";

/** Everything about one loop. */
export class Details {
  element;
  #server;
  #loop;
  #title;
  #mark = element("span", "standing");
  #results = element("p", "path");
  #made;
  #gone = attributed(element("p", "trouble batch-loop-gone"), { role: "status" });
  #summary = new Summary();
  #run;
  #buttons;
  #tabs;
  /** @type {Gallery | VariantGrid | null} */
  #gallery = null;
  /** Whether the batch has variants, but is no whole table of them. */
  #isBroken = false;
  /**
   * The layout that it was no table in; null if it had none.
   *
   * @type {Layout | null}
   */
  #brokenIn = null;
  #nothing = element("p", "nothing-failed", t("panel.nothingFailed"));
  #tab = ALL;
  /** @type {Viewer | null} */
  #viewer = null;

  /**
   * @param {object} given
   * @param {Loop} given.loop
   * @param {LoopServer} given.server
   * @param {Changes} given.changes
   * @param {Running} given.running
   * @param {() => void} given.changed - called when the user has changed the loop
   * @param {() => void} given.left - called when the user goes back to the list, or forgets the
   *   loop
   */
  constructor({ loop, server, changes, running, changed, left }) {
    this.#server = server;
    this.#loop = loop;
    this.#made = new MadeOfAllLinks((view) => server.view(view));
    const back = attributed(iconButton("back", "arrow-left", "", left), {
      "aria-label": t("panel.back"),
      title: t("panel.back"),
    });
    const place = sourceOf(loop.directory);
    this.#title = attributed(element("h2", "panel-title", ownName(place)), {
      tabindex: -1,
      title: place,
    });
    const names = namesOf(loop);
    const own = attributed(element("p", "loop-own-name", names), { title: names });
    own.hidden = !names;
    const path = attributed(element("p", "path"), { title: place });
    showPath(path, place);
    const forgotten = () => {
      changed();
      left();
    };
    const chosen = () => this.#gallery?.chosen?.path ?? "";
    this.#run = new RunButtons({ loop, ...running, chosen });
    this.#buttons = new Buttons({ loop, server, changes, changed, forgotten });
    this.#tabs = new Tabs(textsOf(loop)("panel.images"), [ALL, FAILED], (name) => this.#open(name));
    this.element = element(
      "section",
      "details",
      element("header", "panel-head", back, this.#title, this.#mark, own),
      element(
        "div",
        "about",
        ...[path, this.#gone, this.#results, this.#made.element],
        ...[this.#run.element, this.#summary.element, this.#buttons.element],
      ),
      this.#tabs.element,
      this.#tabs.place,
    );
    this.#results.hidden = this.#gone.hidden = true;
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      left();
    });
    this.#open(ALL);
  }

  /** The loop's id. */
  get id() {
    return this.#loop.id;
  }

  /** Whether the loop is not at work. */
  get rests() {
    return !isAtWork(this.#loop);
  }

  /** Focus the name. */
  focus() {
    this.#title.focus();
  }

  /**
   * Show the loop's current state.
   *
   * @param {Loop} loop
   */
  show(loop) {
    const isOther = loop.batch !== this.#loop.batch;
    this.#loop = loop;
    if (this.#isBroken && !this.#viewer && (isOther || this.#mayBeWhole())) {
      this.#isBroken = false;
      this.#open(this.#tab);
    }
    if (isOther && !loop.failed && !this.#viewer && this.#tab === FAILED) {
      this.#tabs.select(ALL);
      this.#open(ALL);
    }
    if (!this.rests) this.showPlace(false); // its images are read
    this.showAgain();
    this.#buttons.show(loop);
    this.#made.show(loop.made_of_all);
    this.#tabs.label(ALL, t("panel.tab.allCount", { count: loop.total }));
    this.#tabs.label(FAILED, t("panel.tab.failedCount", { count: loop.failed }));
    this.#gallery?.show(loop);
    this.#showNothing();
    this.#viewer?.show(loop);
  }

  /**
   * Say whether the loop's folder is gone.
   *
   * @param {boolean} isGone
   */
  showPlace(isGone) {
    const { complete, done, directory, total } = this.#loop;
    const say = textsOf(this.#loop);
    const next = complete ? [] : [say("card.gone.detail", { done, total })];
    setText(this.#gone, isGone ? [say("card.gone.title"), directory, ...next].join("\n") : "");
    this.#gone.hidden = !isGone;
  }

  /** Show how the loop stands now, and what the buttons do. */
  showAgain() {
    this.#run.show(this.#loop);
    const { pauses, cancels, awaits, place } = this.#run;
    standingMark(this.#mark, this.#loop, place);
    this.#summary.show(this.#loop, { pauses, cancels, awaits, place });
  }

  /** Stop showing anything. */
  close() {
    this.#viewer?.close();
    this.#gallery?.close();
    this.element.remove();
  }

  /** @param {string} tab */
  #open(tab) {
    this.#tab = tab;
    this.#gallery?.close();
    const given = {
      server: this.#server,
      loop: this.#loop,
      opened: (/** @type {number} */ index) => this.#enlarge(index),
      arrived: () => {
        this.#viewer?.show(this.#loop);
        this.#showResults();
      },
    };
    const layout = tab === ALL && !this.#isBroken ? layoutOf(this.#loop) : null;
    const broken = () => this.#showAsList();
    this.#gallery = layout
      ? new VariantGrid({ ...given, layout, broken })
      : new Gallery({ ...given, failedOnly: tab === FAILED });
    this.#showNothing();
    this.#tabs.place.replaceChildren(this.#nothing, this.#gallery.element);
  }

  /** Show the items of a batch in a list, which has turned out to be no table. */
  #showAsList() {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#brokenIn = layoutOf(this.#loop);
    this.#viewer?.close();
    if (this.#tab === ALL) this.#open(ALL);
  }

  /** Whether it has become a table other than the one that it was not. */
  #mayBeWhole() {
    const layout = layoutOf(this.#loop);
    return layout !== null && !(this.#brokenIn && layout.isLike(this.#brokenIn));
  }

  /** Say that no image has failed, where those that have would be. */
  #showNothing() {
    this.#nothing.hidden = this.#tab !== FAILED || this.#loop.failed > 0;
  }

  /** Say where the results are, as far as the images tell that have been fetched. */
  #showResults() {
    const where = folderOf(this.#gallery?.items ?? []);
    const text = resultsIn(where);
    if (!text) return; // images that failed have none
    showPath(this.#results, text, where.folder);
    this.#results.title = text;
    this.#results.hidden = false;
  }

  /** @param {number} index */
  #enlarge(index) {
    const gallery = this.#gallery;
    if (!gallery) return;
    const closed = () => {
      this.#viewer = null;
      gallery.element.focus();
    };
    this.#viewer = new Viewer({
      server: this.#server,
      gallery,
      loop: this.#loop,
      index,
      trying: this.#run,
      closed,
    });
    this.#viewer.open();
  }
}
