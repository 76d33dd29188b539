import { attributed, element } from "./dom.js";
import { showPath } from "./middle_cut.js";
import { t } from "./texts.js";

/** @import { MadeOfAll, View } from "../../types/server.d.ts" */

/** How many files are named; of a contact sheet, each page is one. */
const MOST = 3;
const FILM = /\.(mkv|mov|mp4|webm)$/i;

/** The files that nodes have made of all results of a batch: a film, a contact sheet. */
export class MadeOfAllLinks {
  #addressOf;
  #shown = "[]";
  element = element("div", "made");

  /** @param {(view: View) => string} addressOf - where the page gets a file that ComfyUI shows */
  constructor(addressOf) {
    this.#addressOf = addressOf;
    this.element.hidden = true;
  }

  /** @param {MadeOfAll[]} made */
  show(made) {
    // Rebuilt only if it differs, as a link may have the focus.
    const shown = JSON.stringify(made);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.hidden = made.length === 0;
    const untold = made.reduce((sum, { more }) => sum + more, 0);
    const more = made.length + untold - MOST;
    this.element.replaceChildren(
      ...made.slice(0, MOST).map((each) => this.#line(each)),
      ...(more > 0 ? [element("span", "more", t("notice.more", { count: more }))] : []),
    );
  }

  /** @param {MadeOfAll} made */
  #line({ path, view }) {
    const text = t(FILM.test(path) ? "made.film" : "made.sheet", { path });
    const line = view ? this.#link(view, text) : element("span", "made-file");
    showPath(line, text, path);
    line.title = path;
    return line;
  }

  /**
   * @param {View} view
   * @param {string} text - what is read aloud, in one piece
   */
  #link(view, text) {
    const link = attributed(element("a", "made-file"), { "aria-label": text });
    return attributed(link, { href: this.#addressOf(view), target: "_blank", rel: "noopener" });
  }
}
