import { attributed, button, element, icon, setText } from "../dom.js";
import { iconButton } from "../panel/icon_button.js";
import { words } from "../panel/item_row.js";
import { t } from "../texts.js";
import { ownName } from "../words.js";
import { factsOf } from "./facts.js";
import { addKeys } from "./keys.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";

/**
 * @import { FileFacts, Files, Item, Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Gallery } from "../panel/gallery.js"
 * @import { Picture } from "./stage.js"
 * @typedef {"compare" | "source" | "result"} Mode
 */

/**
 * Running the workflow on one image, which counts nothing.
 *
 * @typedef {{ canTry: boolean, tryTitle: string, tryOne: (path: string) => void }} Trying
 */

/** @type {Mode[]} */
const MODES = ["compare", "source", "result"];
const THUMBNAIL = 512;
const SMALL = 128;

/** An image of a gallery and its results, over the whole page. */
export class Viewer {
  #given;
  #loop;
  #index;
  #shown = "";
  /** @type {Item | undefined} */
  #item;
  /** @type {Files | null} null until the server has said what the files are */
  #files = null;
  /** Which result is shown. */
  #output = 0;
  /** @type {Mode} */
  #mode = "compare";
  #isOther = true;
  #place = element("span", "viewer-place");
  #title = element("h2", "viewer-title");
  #said = element("div", "viewer-said");
  #text = attributed(element("pre", "viewer-text"), { tabindex: 0 });
  #why = element("p", "viewer-why");
  #none = element("div", "viewer-none", icon("ban"), this.#why);
  #told = attributed(element("p", "unseen"), { role: "status" });
  #facts = element("div", "viewer-facts");
  #strip = new Strip((index) => this.#choose(index));
  #stage = new Stage({
    zoomed: (percent, isFitted) => this.#zoomed(percent, isFitted),
    swiped: (by) => this.#step(by),
  });
  #modes = new Map(MODES.map((mode) => [mode, this.#modeButton(mode)]));
  #zoom = button("panel-button batch-loop-viewer-zoom", "", () => this.#stage.toggle());
  #before = this.#button("chevron-left", "panel.viewer.before", "ArrowLeft", () => this.#step(-1));
  #after = this.#button("chevron-right", "panel.viewer.after", "ArrowRight", () => this.#step(1));
  #tryThis = iconButton("viewer-button", "play", t("run.try.this"), () => this.#try());
  #newTab = element("a", "panel-button batch-loop-viewer-tab", icon("external-link"));
  #dialog = this.#build();

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Gallery} given.gallery
   * @param {Loop} given.loop
   * @param {number} given.index - of the image in the gallery
   * @param {Trying} given.trying
   * @param {() => void} given.closed - called when it has been closed
   */
  constructor(given) {
    this.#given = given;
    this.#loop = given.loop;
    this.#index = given.index;
  }

  /** Show it until the user closes it. */
  open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.show(this.#loop);
    this.#stage.element.focus();
  }

  /** Close it. */
  close() {
    this.#dialog.close();
  }

  /**
   * Update it: the loop has changed, or more of its gallery is known.
   *
   * @param {Loop} loop
   */
  show(loop) {
    this.#loop = loop;
    const { total } = this.#given.gallery;
    setText(this.#place, t("panel.viewer.place", { number: this.#index + 1, total }));
    attributed(this.#before, { "aria-disabled": `${this.#index === 0}` });
    attributed(this.#after, { "aria-disabled": `${this.#index >= total - 1}` });
    const { canTry, tryTitle } = this.#given.trying;
    attributed(this.#tryThis, { "aria-disabled": `${!canTry}`, title: tryTitle });
    const item = this.#given.gallery.item(this.#index);
    const shown = JSON.stringify([loop.batch, this.#index, item]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#item = item;
    this.#files = null;
    setText(this.#title, item ? ownName(item.path) : "");
    this.#title.title = item?.path ?? "";
    this.#said.replaceChildren(...(item ? [words(item)] : []));
    // The picture of one image is never seen under the name of another.
    if (this.#isOther) this.#stage.show(null, null, true);
    if (item) this.#ask(item, shown);
  }

  /**
   * @param {Item} item
   * @param {string} shown
   */
  async #ask(item, shown) {
    const { server } = this.#given;
    const files = await server.files(this.#loop.id, item.path).catch(() => null);
    // Where there is no answer, the panel says so, and shows this again when there is one.
    if (shown !== this.#shown || !this.#dialog.isConnected) return;
    if (!files) this.#shown = "";
    this.#files = files && { ...files, results: item.state === "done" ? files.results : [] };
    this.#output = Math.min(this.#output, Math.max(0, this.#results.length - 1));
    this.#strip.show(this.#results, (index) => this.#address("thumbnail", index, SMALL));
    this.#draw();
  }

  get #results() {
    return this.#files?.results ?? [];
  }

  /** Show the chosen files in the chosen way. */
  #draw() {
    const source = this.#files?.source;
    const result = this.#results[this.#output];
    const has = { source: source?.shows === "picture", result: result?.shows === "picture" };
    const isPossible = { ...has, result: Boolean(result), compare: has.source && has.result };
    const mode = isPossible[this.#mode] ? this.#mode : isPossible.result ? "result" : "source";
    for (const [each, made] of this.#modes) {
      // Not disabled, here and below: that would take the focus away.
      attributed(made, { "aria-disabled": `${!isPossible[each]}`, "aria-pressed": `${each === mode}` });
    }
    this.#strip.mark(this.#output);
    const left = mode !== "result" && source ? this.#picture(source) : null;
    const right = mode !== "source" && result ? this.#picture(result, this.#output) : null;
    this.#stage.show(left, right, this.#isOther);
    this.#isOther = false;
    const output = mode === "source" ? undefined : this.#output;
    this.#readText(mode === "source" ? undefined : result);
    this.#newTab.href = this.#address("picture", output);
    const file = mode === "source" ? source : result;
    this.#newTab.hidden = file?.shows === "nothing";
    this.#none.hidden = file?.shows !== "nothing";
    setText(this.#why, file?.reason || t("panel.viewer.nothing"));
    // A thumbnail that had the focus may be gone.
    if (!this.#dialog.contains(document.activeElement)) this.#stage.element.focus();
    this.#facts.replaceChildren(
      ...(source ? [factsOf(t("panel.viewer.source"), source, this.#copied)] : []),
      ...(result ? [factsOf(t("panel.viewer.result"), result, this.#copied)] : []),
    );
  }

  /** @param {FileFacts | undefined} file */
  async #readText(file) {
    this.#text.hidden = file?.shows !== "text";
    if (file?.shows !== "text" || !this.#item) return;
    const shown = [this.#shown, this.#output].join();
    const text = await this.#given.server.text(this.#loop.id, this.#item.path, this.#output).catch(String);
    if (shown === [this.#shown, this.#output].join()) setText(this.#text, text);
  }

  /**
   * @param {FileFacts} file
   * @param {number} [output]
   * @returns {Picture | null} null for what is none
   */
  #picture(file, output) {
    if (file.shows !== "picture") return null;
    const name = this.#item?.path ?? "";
    const of = output === undefined ? "panel.picture.source" : "panel.picture.result";
    return {
      address: this.#address("picture", output),
      thumbnail: this.#address("thumbnail", output, THUMBNAIL),
      description: t(of, { name }),
      size: { width: file.width, height: file.height },
    };
  }

  /**
   * The address of a file's picture, which changes with the image's runs: a page shows what it has
   * of an address without asking for it again.
   *
   * @param {"picture" | "thumbnail"} kind
   * @param {number} [output]
   * @param {number} [size]
   */
  #address(kind, output, size) {
    const { path = "", attempts, seconds } = this.#item ?? {};
    const address = this.#given.server[kind](this.#loop.id, path, { output, size });
    return `${address}#${this.#loop.batch}-${attempts}-${seconds}`;
  }

  /** @param {number} by - how many images to go on, or back; endless ones go to the last or first */
  #step(by) {
    const last = this.#given.gallery.total - 1;
    const index = Number.isFinite(by) ? this.#index + by : by > 0 ? last : 0;
    if (index < 0 || index > last) return;
    this.#index = index;
    this.#output = 0;
    this.#isOther = true;
    this.#given.gallery.choose(index);
    this.show(this.#loop);
  }

  /** The result is shown in the workflow, which this window covers. */
  #try() {
    if (!this.#item || !this.#given.trying.canTry) return;
    this.close();
    this.#given.trying.tryOne(this.#item.path);
  }

  /** @param {number} index - of a result */
  #choose(index) {
    if (index < 0 || index >= this.#results.length) return;
    this.#output = index;
    if (this.#mode === "source") this.#mode = "compare";
    this.#draw();
  }

  /** @param {boolean} isCopied */
  #copied = (isCopied) => {
    this.#told.textContent = t(isCopied ? "panel.viewer.copied" : "panel.viewer.notCopied");
  };

  /**
   * @param {number} percent
   * @param {boolean} isFitted
   */
  #zoomed(percent, isFitted) {
    setText(this.#zoom, t("panel.viewer.percent", { percent: Math.round(percent) }));
    const label = t(isFitted ? "panel.viewer.full" : "panel.viewer.fit");
    attributed(this.#zoom, { title: label, "aria-label": `${this.#zoom.textContent}. ${label}` });
  }

  /** @param {Mode} mode */
  #modeButton(mode) {
    const made = button("panel-button batch-loop-viewer-mode", t(`panel.viewer.${mode}`), () => {
      if (made.getAttribute("aria-disabled") === "true") return;
      this.#mode = mode;
      this.#draw();
    });
    return made;
  }

  /**
   * @param {string} picture
   * @param {string} text - its path
   * @param {string} key - that does the same
   * @param {() => void} pressed
   */
  #button(picture, text, key, pressed) {
    const made = iconButton("viewer-button", picture, "", pressed);
    return attributed(made, { "aria-label": t(text), title: t(text), "aria-keyshortcuts": key });
  }

  #build() {
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
    this.#none.hidden = true;
    const head = element(
      "header",
      "viewer-head",
      element("div", "viewer-names", this.#title, this.#place),
      attributed(element("div", "viewer-modes", ...this.#modes.values()), group),
      element(
        "div",
        "viewer-tools",
        this.#button("minus", "panel.viewer.zoomOut", "-", () => this.#stage.zoom(-1)),
        this.#zoom,
        this.#button("plus", "panel.viewer.zoomIn", "+", () => this.#stage.zoom(1)),
        this.#tryThis,
        this.#newTab,
        this.#button("times", "panel.viewer.close", "Escape", () => this.close()),
      ),
    );
    const main = element("div", "viewer-main", this.#before, this.#stage.element, this.#none, this.#text, this.#after);
    const foot = element("footer", "viewer-foot", this.#strip.element, this.#said, this.#facts, this.#told);
    const dialog = element("dialog", "viewer", head, main, foot);
    attributed(dialog, { "aria-labelledby": this.#title.id });
    addKeys(dialog, {
      stage: this.#stage,
      close: () => this.close(),
      step: (by) => this.#step(by),
      choose: (by) => this.#choose(this.#output + by),
    });
    dialog.addEventListener("close", () => this.#closed());
    return dialog;
  }

  #closed() {
    this.#stage.close();
    this.#dialog.remove();
    this.#given.closed();
  }
}
