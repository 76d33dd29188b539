import { attributed, button, element, setText } from "../dom.js";
import { explained } from "../errors.js";
import { t } from "../texts.js";

/**
 * @import { Chooser, Folders } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 */

/**
 * @typedef {object} Options
 * @property {Pick<LoopServer, "folders">} server
 * @property {string | null} start - the folder to start in
 * @property {Chooser} chooser - the server's answer about its dialog
 */

/** A window for choosing one of the allowed folders, which also explains how to allow others. */
export class FolderBrowser {
  #server;
  #start;
  #chooser;
  #path = element("div", "browser-path");
  #folders = element("ul", "browser-folders");
  #status = attributed(element("p", "browser-status"), { role: "status" });
  #up;
  #take;
  /** @type {Pick<Folders, "path" | "written" | "parent">} */
  #shown = { path: "", written: "", parent: null };
  #wanted = 0;
  #dialog;

  /** @param {Options} options */
  constructor({ server, start, chooser }) {
    this.#server = server;
    this.#start = start;
    this.#chooser = chooser;
    this.#up = button("button", t("browser.up"), () => this.#open(this.#shown.parent ?? ""));
    this.#take = button("button", t("browser.take"), () => this.#dialog.close(this.#shown.written));
    this.#take.classList.add("batch-loop-button-primary");
    this.#dialog = this.#build();
  }

  /** Show the window; resolves to the text for the chosen folder, or null if it was closed. */
  async choose() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    const closed = new Promise((resolve) => this.#dialog.addEventListener("close", resolve));
    if (!(await this.#open(this.#start ?? "")) && this.#start) await this.#open("");
    await closed;
    this.#dialog.remove();
    return this.#dialog.returnValue || null;
  }

  #build() {
    const title = element("h2", "browser-title", t("browser.title"));
    title.id = "batch-loop-browser-title";
    const cancel = button("button", t("browser.cancel"), () => this.#dialog.close(""));
    const dialog = element(
      "dialog",
      "browser",
      title,
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
    const wanted = (this.#wanted += 1);
    try {
      const listed = await this.#server.folders(path);
      if (wanted === this.#wanted) this.#show(listed);
      return true;
    } catch (error) {
      if (wanted === this.#wanted) this.#status.textContent = explained(error);
      return false;
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
    const pick = button("button batch-loop-browser-pick", t("browser.pick"), () =>
      this.#dialog.close(written),
    );
    pick.setAttribute("aria-describedby", open.id);
    return element("li", "browser-line", open, pick);
  }

  /** @param {Folders} folders */
  #show({ path, written, parent, folders, more, images, holds_comfyui }) {
    this.#shown = { path, written, parent };
    setText(this.#path, path || t("browser.roots"));
    this.#up.disabled = path === "";
    this.#take.disabled = path === "";
    this.#folders.replaceChildren(...folders.map((folder, place) => this.#line(folder, place)));
    const counted = path ? t("browser.images", { count: images }) : t("browser.choose");
    const none = folders.length === 0 && t("browser.noFolders");
    const warning = holds_comfyui && t("browser.holdsComfyUI");
    const parts = [counted, none, more && t("browser.more"), warning];
    this.#status.textContent = parts.filter(Boolean).join(" ");
    // The element that had the focus is gone.
    (this.#folders.querySelector("button") ?? this.#take).focus();
  }
}
