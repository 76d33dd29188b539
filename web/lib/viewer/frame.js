import { attributed, button, element, icon, setText } from "../dom.js";
import { nameOf, titleOf } from "../items.js";
import { showCut } from "../middle_cut.js";
import { iconButton } from "../panel/icon_button.js";
import { words } from "../panel/item_row.js";
import { t, textsOf } from "../texts.js";
import { addKeys } from "./keys.js";

/**
 * @import { FileFacts, Item, Loop } from "../../../types/server.d.ts"
 * @import { Player } from "./player.js"
 * @import { Stage } from "./stage.js"
 * @import { Strip } from "./strip.js"
 * @typedef {"compare" | "source" | "result"} Mode - which of an image's files are shown
 */

/** @type {Mode[]} */
const MODES = ["compare", "source", "result"];

/**
 * @typedef {object} Acts - what the viewer's buttons and keys do
 * @property {(mode: Mode) => void} show
 * @property {(by: number) => void} step - so many images on or back; infinity: to the last or first
 * @property {(by: number) => void} choose - another result
 * @property {() => void} play - or pause
 * @property {() => void} tryThis - run the workflow on the image
 * @property {() => void} close
 * @property {() => void} closed - called when the window has been closed
 */

/**
 * @typedef {object} Views - what shows pictures, plays, and shows several results
 * @property {Stage} stage
 * @property {Record<"source" | "result", Player>} players
 * @property {Strip} strip
 */

/** The viewer's window: its buttons, and what it says around the pictures. */
export class Frame {
  #acts;
  #stage;
  #players;
  #strip;
  #place = element("span", "viewer-place");
  #title = element("h2", "viewer-title");
  #said = element("div", "viewer-said");
  #text = attributed(element("pre", "viewer-text"), { tabindex: 0 });
  /** Of a row, which has no picture. */
  #source = attributed(element("pre", "viewer-row"), { tabindex: 0 });
  #why = element("p", "viewer-why");
  #none = element("div", "viewer-none", icon("ban"), this.#why);
  #unplayed = attributed(element("p", "viewer-unplayed"), { role: "status" });
  #told = attributed(element("p", "unseen"), { role: "status" });
  #facts = element("div", "viewer-facts");
  #modes = new Map(MODES.map((mode) => [mode, this.#modeButton(mode)]));
  #zoom = button("panel-button batch-loop-viewer-zoom", "", () => this.#stage.toggle());
  #zooms = element(
    "div",
    "viewer-zooms",
    toolButton("minus", t("panel.viewer.zoomOut"), "-", () => this.#stage.zoom(-1)),
    this.#zoom,
    toolButton("plus", t("panel.viewer.zoomIn"), "+", () => this.#stage.zoom(1)),
  );
  #main = element("div", "viewer-main");
  #before;
  #after;
  #tryThis;
  #newTab = element("a", "panel-button batch-loop-viewer-tab", icon("external-link"));

  /**
   * @param {Views} views
   * @param {Acts} acts
   * @param {Pick<Loop, "source">} loop
   */
  constructor({ stage, players, strip }, acts, loop) {
    this.#stage = stage;
    this.#players = players;
    this.#strip = strip;
    this.#acts = acts;
    const say = textsOf(loop);
    this.#before = this.#stepButton("chevron-left", say("panel.viewer.before"), "ArrowLeft", -1);
    this.#after = this.#stepButton("chevron-right", say("panel.viewer.after"), "ArrowRight", 1);
    this.#tryThis = iconButton("viewer-button", "play", say("run.try.this"), () => acts.tryThis());
    this.dialog = this.#build();
  }

  /**
   * Say which image of how many it is.
   *
   * @param {number} index
   * @param {number} total
   */
  showPlace(index, total) {
    setText(this.#place, t("panel.viewer.place", { number: index + 1, total }));
    attributed(this.#before, { "aria-disabled": `${index === 0}` });
    attributed(this.#after, { "aria-disabled": `${index >= total - 1}` });
  }

  /** @param {{ canTry: boolean, tryTitle: string }} trying */
  showTrying({ canTry, tryTitle }) {
    attributed(this.#tryThis, { "aria-disabled": `${!canTry}`, title: tryTitle });
  }

  /** @param {Item | undefined} item */
  showItem(item) {
    showCut(this.#title, item ? nameOf(item) : "");
    this.#title.title = item ? titleOf(item) : "";
    this.#said.replaceChildren(...(item ? [words(item)] : []));
  }

  /**
   * Say which of the files are shown, and which may be.
   *
   * @param {Mode} mode
   * @param {Record<Mode, boolean>} isPossible
   */
  showMode(mode, isPossible) {
    for (const [each, made] of this.#modes) {
      // Not disabled, here and elsewhere: that would take the focus away.
      const isDisabled = `${!isPossible[each]}`;
      attributed(made, { "aria-disabled": isDisabled, "aria-pressed": `${each === mode}` });
    }
  }

  /**
   * Offer a file in a tab of its own, or say why there is nothing to show of it.
   *
   * @param {FileFacts | undefined} file
   * @param {string} address
   */
  showFile(file, address) {
    this.#newTab.href = address;
    this.#newTab.hidden = file?.shows === "nothing";
    this.#none.hidden = file?.shows !== "nothing";
    setText(this.#why, file?.reason || t("panel.viewer.nothing"));
  }

  /** @param {Element[]} facts - about the files that are shown */
  showFacts(...facts) {
    this.#facts.replaceChildren(...facts);
  }

  /**
   * Make room for one thing, or for two side by side; a source comes first.
   *
   * @param {{ isText: boolean, isSourceText: boolean, hasPicture: boolean }} shown - besides what
   *   is played
   */
  layOut({ isText, isSourceText, hasPicture }) {
    this.#text.hidden = !isText;
    this.#source.hidden = !isSourceText;
    const { source, result } = this.#players;
    const stage = this.#stage.element;
    const views = [this.#source, source.element, stage, result.element, this.#text];
    // The stage has the focus even while there is nothing on it.
    const shown = views.filter((each) => (each === stage ? hasPicture : !each.hidden));
    const isBeside = shown.length > 1;
    this.#main.classList.toggle("batch-loop-viewer-beside", isBeside);
    for (const each of views) {
      each.classList.toggle("batch-loop-viewer-left", isBeside && each === shown[0]);
      each.classList.toggle("batch-loop-viewer-right", isBeside && each === shown[1]);
    }
    if (!hasPicture && this.#zooms.contains(document.activeElement)) stage.focus();
    this.#zooms.hidden = !hasPicture;
    const isPlayer = !source.element.hidden || !result.element.hidden;
    const label = !hasPicture && isPlayer ? "panel.viewer.player" : "panel.viewer.stage";
    stage.setAttribute("aria-label", t(label));
  }

  /** @param {string[]} names - of films and sounds of which a picture is shown instead */
  showUnplayed(names) {
    // A source and its result often have one name.
    const said = [...new Set(names)].map((name) => t("panel.viewer.unplayed", { name }));
    setText(this.#unplayed, said.join("\n"));
    this.#unplayed.hidden = !said.length;
  }

  /** @param {string} text - that is a result */
  setText(text) {
    setText(this.#text, text);
  }

  /** @param {string} text - of a row */
  setSourceText(text) {
    setText(this.#source, text);
  }

  /** @param {boolean} isCopied - whether the path of a file has been copied */
  tellCopied(isCopied) {
    this.#told.textContent = t(isCopied ? "panel.viewer.copied" : "panel.viewer.notCopied");
  }

  /**
   * @param {number} percent
   * @param {boolean} isFitted
   */
  showZoom(percent, isFitted) {
    setText(this.#zoom, t("panel.viewer.percent", { percent: Math.round(percent) }));
    const label = t(isFitted ? "panel.viewer.full" : "panel.viewer.fit");
    attributed(this.#zoom, { title: label, "aria-label": `${this.#zoom.textContent}. ${label}` });
  }

  /** @param {Mode} mode */
  #modeButton(mode) {
    const made = button("panel-button batch-loop-viewer-mode", t(`panel.viewer.${mode}`), () => {
      if (made.getAttribute("aria-disabled") !== "true") this.#acts.show(mode);
    });
    return made;
  }

  /**
   * @param {string} picture
   * @param {string} text
   * @param {string} key - that does the same
   * @param {number} by - how many images it goes on, or back
   */
  #stepButton(picture, text, key, by) {
    return toolButton(picture, text, key, () => this.#acts.step(by));
  }

  #build() {
    const stage = this.#stage;
    const group = { role: "group", "aria-label": t("panel.viewer.shown") };
    const newTab = t("panel.viewer.newTab");
    attributed(this.#newTab, {
      target: "_blank",
      rel: "noopener",
      "aria-label": newTab,
      title: newTab,
    });
    this.#title.id = "batch-loop-viewer-title";
    this.#newTab.hidden = true;
    this.#text.hidden = true;
    this.#source.hidden = true;
    this.#none.hidden = true;
    this.#unplayed.hidden = true;
    const head = element(
      "header",
      "viewer-head",
      element("div", "viewer-names", this.#title, this.#place),
      attributed(element("div", "viewer-modes", ...this.#modes.values()), group),
      element(
        "div",
        "viewer-tools",
        this.#zooms,
        this.#tryThis,
        this.#newTab,
        toolButton("times", t("panel.viewer.close"), "Escape", () => this.#acts.close()),
      ),
    );
    const { source, result } = this.#players;
    this.#main.append(
      ...[this.#before, this.#source, source.element, stage.element, this.#none],
      ...[result.element, this.#text, this.#after],
    );
    const said = [this.#strip.element, this.#said, this.#facts, this.#told];
    const foot = element("footer", "viewer-foot", ...said);
    const dialog = element("dialog", "viewer", head, this.#main, this.#unplayed, foot);
    attributed(dialog, { "aria-labelledby": this.#title.id });
    const { close, step, choose, play } = this.#acts;
    addKeys(dialog, { stage, close, step, choose, play });
    dialog.addEventListener("close", () => this.#acts.closed());
    return dialog;
  }
}

/**
 * @param {string} picture
 * @param {string} text
 * @param {string} key - that does the same
 * @param {() => void} pressed
 */
function toolButton(picture, text, key, pressed) {
  const made = iconButton("viewer-button", picture, "", pressed);
  return attributed(made, { "aria-label": text, title: text, "aria-keyshortcuts": key });
}
