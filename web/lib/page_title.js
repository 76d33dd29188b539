import { sourceOf } from "./items.js";
import { handsOut } from "./runs.js";
import { t } from "./texts.js";
import { ownName } from "./words.js";

/**
 * @import { Said } from "../../types/nodes.d.ts"
 * @import { Settings } from "./settings.js"
 */

/** Most title changes per second: another extension may answer ours in turn. */
const ANSWERS = 20;
const SECOND_MS = 1_000;

/**
 * The progress of the batch in the page's title, while the page is in the background.
 *
 * ComfyUI sets the title whenever its own progress changes. So while ours is shown, ComfyUI's title
 * is remembered, to be restored later, and ours is set again.
 */
export class PageTitle {
  #settings;
  #page;
  #watchTitle;
  #later;
  /**
   * The text to show; null while no batch runs.
   *
   * @type {string | null}
   */
  #text = null;
  /** The folder's name. */
  #folder = "";
  /** ComfyUI's own title, while ours is shown. */
  #theirs = "";
  /**
   * Stops watching the title; null while ours is not shown.
   *
   * @type {(() => void) | null}
   */
  #stop = null;
  #answers = 0;

  /**
   * @param {object} parts
   * @param {Settings} parts.settings
   * @param {Document} [parts.page]
   * @param {typeof watchTitle} [parts.watch] - see `watchTitle`
   * @param {(turn: () => void, ms: number) => void} [parts.later] - calls it after some ms
   */
  constructor({ settings, page = document, watch = watchTitle, later = defaultLater }) {
    this.#settings = settings;
    this.#page = page;
    this.#watchTitle = watch;
    this.#later = later;
    page.addEventListener("visibilitychange", () => this.#refresh());
  }

  /**
   * A node of a running prompt has reported.
   *
   * @param {Said} said
   */
  note(said) {
    if (said.kind !== "iteration" && said.kind !== "progress") return;
    if (said.kind === "iteration") {
      if (!handsOut(said)) return;
      this.#folder = ownName(sourceOf(said.directory));
    }
    this.#text = t("pageTitle", {
      settled: said.done + said.failed,
      total: said.total,
      folder: this.#folder,
    });
    this.#refresh();
  }

  /** Nothing is running any more. */
  end() {
    this.#text = null;
    this.#refresh();
  }

  #refresh() {
    const inBackground = this.#page.visibilityState === "hidden";
    if (this.#text !== null && inBackground && this.#settings.progressInTitle) this.#show(this.#text);
    else this.#giveBack();
  }

  /** @param {string} text */
  #show(text) {
    if (!this.#stop) {
      this.#theirs = this.#page.title;
      this.#stop = this.#watchTitle(this.#page, () => this.#answer());
    }
    this.#page.title = text;
  }

  #giveBack() {
    if (!this.#stop) return;
    this.#stop();
    this.#stop = null;
    this.#page.title = this.#theirs;
  }

  /** The title has changed. */
  #answer() {
    const { title } = this.#page;
    if (!this.#stop || this.#text === null || title === this.#text) return;
    this.#theirs = title;
    if (this.#answers === 0) this.#later(() => this.#rested(), SECOND_MS);
    if (this.#answers >= ANSWERS) return;
    this.#answers += 1;
    this.#page.title = this.#text;
  }

  #rested() {
    this.#answers = 0;
    this.#answer();
  }
}

/**
 * Call a function after each change of a page's title; returns a function that stops this.
 *
 * @param {Document} page
 * @param {() => void} changed
 */
function watchTitle(page, changed) {
  const observer = new MutationObserver(changed);
  observer.observe(page.head, { childList: true, characterData: true, subtree: true });
  return () => observer.disconnect();
}

/**
 * @param {() => void} turn
 * @param {number} ms
 */
function defaultLater(turn, ms) {
  setTimeout(turn, ms);
}
