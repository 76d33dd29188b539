import { attributed, button, element, icon } from "../dom.js";
import { explained } from "../errors.js";
import { areFiles } from "../iterators.js";
import { showPath } from "../middle_cut.js";
import { t, textsFor } from "../texts.js";
import { RootRow } from "./root_row.js";
import { reasonOf } from "./why_nothing.js";

/**
 * @import { Chooser, Folders } from "../../../types/server.d.ts"
 * @import { Source } from "../iterators.js"
 * @import { LoopServer } from "../server.js"
 */

/**
 * @typedef {object} Options
 * @property {Pick<LoopServer, "folders">} server
 * @property {(string | null)[]} starts - the folders to start in, the best first
 * @property {Chooser} chooser - the server's answer about its dialog
 * @property {boolean} [recursive] - whether the batch takes the images of subfolders too
 * @property {Source} [source] - what the items are: of rows and frames, a file is chosen
 */

/**
 * The text for the chosen folder or file, and the folder that it was chosen in.
 *
 * @typedef {{ written: string, place: string }} Choice
 */

/** ComfyUI's input folder, as a user may write it. */
export const INPUT_FOLDER = ".";

/**
 * The files to choose from, by what the items are.
 *
 * @type {Partial<Record<Source, "tables" | "films">>}
 */
const FILES = { rows: "tables", frames: "films" };
const NO_FILES = /** @type {const} */ ("");

/**
 * A window for choosing one of the allowed folders, or a file in them, which also explains how to
 * allow others.
 */
export class FolderBrowser {
  #server;
  #starts;
  #chooser;
  #source;
  #files;
  #how;
  #say;
  #roots = new RootRow((path) => this.#open(path));
  #path = element("div", "browser-path");
  #folders = element("ul", "browser-folders");
  #status = attributed(element("p", "browser-status"), { role: "status" });
  #up;
  #take;
  /** @type {Pick<Folders, "path" | "written" | "parent">} */
  #shown = { path: "", written: "", parent: null };
  #wanted = 0;
  /** @type {Choice | null} */
  #chosen = null;
  #dialog;

  /** @param {Options} options */
  constructor({ server, starts, chooser, recursive = false, source = "images" }) {
    this.#server = server;
    this.#starts = starts;
    this.#chooser = chooser;
    this.#source = source;
    this.#files = FILES[source] ?? NO_FILES;
    this.#how = { recursive, files: this.#files, kind: areFiles(source) ? source : "images" };
    this.#say = textsFor(source);
    this.#up = button("button", t("browser.up"), () => this.#open(this.#shown.parent ?? ""));
    this.#take = button("button", t("browser.take"), () => {
      const { path, written, parent } = this.#shown;
      this.#close({ written, place: parent ?? path });
    });
    this.#take.classList.add("batch-loop-button-primary");
    // Until a folder is open.
    this.#take.disabled = this.#up.disabled = true;
    this.#take.hidden = this.#files !== "";
    this.#dialog = this.#build();
  }

  /** Show the window; resolves to the choice, or null if it was closed without one. */
  async choose() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    const closed = new Promise((resolve) => this.#dialog.addEventListener("close", resolve));
    void this.#begin(); // on a drive that does not answer, this may take longer than the choice
    await closed;
    this.#wanted += 1; // what is answered now is dropped
    this.#dialog.remove();
    return this.#chosen;
  }

  async #begin() {
    const first = this.#wanted + 1;
    const listed = await this.#ask("");
    if (first !== this.#wanted) return; // the window is closed
    if (listed) this.#roots.show(listed.folders);
    const able = this.#starts.filter((start) => start !== null && this.#roots.holds(start));
    for (const start of [.../** @type {string[]} */ (able), INPUT_FOLDER]) {
      const wanted = this.#wanted + 1;
      // The user may have opened another one meanwhile.
      if ((await this.#open(start)) || wanted !== this.#wanted) return;
    }
  }

  /** @param {Choice} chosen */
  #close(chosen) {
    this.#chosen = chosen;
    this.#dialog.close();
  }

  #build() {
    const title = element("h2", "browser-title", this.#say("browser.title"));
    title.id = "batch-loop-browser-title";
    const cancel = button("button", t("browser.cancel"), () => this.#dialog.close());
    const dialog = element(
      "dialog",
      "browser batch-loop-browser-steady",
      title,
      this.#roots.element,
      element("div", "browser-bar", this.#up, this.#path),
      this.#folders,
      this.#status,
      element(
        "details",
        "browser-other",
        element("summary", "browser-question", t("browser.other")),
        element("p", "browser-answer", this.#howToAllow()),
      ),
      element("div", "browser-buttons", cancel, this.#take),
    );
    attributed(dialog, { "aria-labelledby": title.id });
    // Keys in the window must not trigger ComfyUI's shortcuts for the workflow behind it.
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    return dialog;
  }

  #howToAllow() {
    const { file, reason } = this.#chooser;
    const how = file ? t("browser.allowHere", { file }) : t("browser.allowThere");
    return [how, reason].filter(Boolean).join(" ");
  }

  /**
   * Show a folder's contents; returns whether the server allows it.
   *
   * @param {string} path
   */
  async #open(path) {
    // A quick click is not to take the folder that is on the screen until then.
    this.#take.disabled = true;
    const wanted = this.#wanted + 1;
    const listed = await this.#ask(path);
    if (listed) this.#show(listed);
    else if (wanted === this.#wanted) this.#take.disabled = this.#shown.path === "";
    return listed !== null;
  }

  /**
   * A folder's contents; null, if the server refuses or something else has been asked since.
   *
   * @param {string} path
   */
  async #ask(path) {
    const wanted = (this.#wanted += 1);
    const isWanted = () => wanted === this.#wanted;
    try {
      const listed = await this.#server.folders(path, this.#how);
      return isWanted() ? listed : null;
    } catch (error) {
      if (isWanted()) this.#status.textContent = explained(error);
      return null;
    }
  }

  /**
   * @param {Folders["folders"][number]} folder
   * @param {number} place
   */
  #line({ name, path, written }, place) {
    const open = button("browser-folder", name, () => this.#open(path));
    open.title = path;
    open.id = `batch-loop-folder-${place}`;
    if (this.#files) return element("li", "browser-line", open);
    const pick = button("button batch-loop-browser-pick", t("browser.pick"), () =>
      this.#close({ written, place: this.#shown.path }),
    );
    pick.setAttribute("aria-describedby", open.id);
    return element("li", "browser-line", open, pick);
  }

  /** @param {Folders["files"][number]} file */
  #fileLine({ name, path, written }) {
    const pick = button("browser-folder batch-loop-browser-file", name, () =>
      this.#close({ written, place: this.#shown.path }),
    );
    pick.title = path;
    pick.prepend(icon(this.#files === "films" ? "video" : "table"));
    return element("li", "browser-line", pick);
  }

  /** @param {Folders} found */
  #show(found) {
    const { path, written, parent, folders, more, holds_comfyui } = found;
    this.#shown = { path, written, parent };
    this.#roots.mark(path);
    showPath(this.#path, path);
    this.#path.title = path;
    this.#up.disabled = parent === null;
    this.#take.disabled = false;
    const files = this.#files ? found.files : [];
    const lines = folders.map((folder, place) => this.#line(folder, place));
    this.#folders.replaceChildren(...lines, ...files.map((file) => this.#fileLine(file)));
    const counted = this.#files
      ? [this.#say("browser.images", { count: files.length })]
      : this.#counted(found);
    const none = folders.length === 0 && t("browser.noFolders");
    const warning = holds_comfyui && !this.#files && t("browser.holdsComfyUI");
    const parts = [...counted, none, more && t("browser.more"), warning];
    this.#status.textContent = parts.filter(Boolean).join(" ");
    // The element that had the focus is gone.
    (this.#folders.querySelector("button") ?? this.#take).focus();
  }

  /** @param {Folders} folders */
  #counted({ images, within, nothing }) {
    const counted = within ? this.#countedWithin(within) : this.#say("browser.images", { count: images });
    return [counted, nothing && reasonOf(nothing, null, this.#source)];
  }

  /** @param {NonNullable<Folders["within"]>} within */
  #countedWithin({ images, more }) {
    if (!more) return this.#say("browser.within", { count: images });
    // A large folder on a slow drive: nothing was found in the time that there is.
    return images > 0 && this.#say("browser.moreThan", { least: images });
  }
}
