import { element } from "../dom.js";
import { t } from "../texts.js";
import { commandLine } from "./command_line.js";
import { nameOf } from "./on_screen.js";

/** @import { NoticeBox } from "../notice_box.js" */
/** @import { Batch } from "./batch.js" */

const KEY = "leaving";

/**
 * Warns before the page is closed while a batch runs from it, and says how the batch can go on
 * without the page.
 */
export class Leaving {
  #box;
  #page;
  /** @type {Batch | null} */
  #batch = null;

  /**
   * @param {object} parts
   * @param {Pick<NoticeBox, "showWith" | "hide">} parts.box
   * @param {Window} [parts.page]
   */
  constructor({ box, page = window }) {
    this.#box = box;
    this.#page = page;
  }

  /**
   * This page runs a batch, or none any more.
   *
   * @param {Batch | null} batch
   */
  runs(batch) {
    const before = this.#batch;
    this.#batch = batch;
    // Without such a listener, browsers can show the page again faster.
    if (batch && !before) this.#page.addEventListener("beforeunload", this.#warn);
    if (!batch && before) {
      this.#page.removeEventListener("beforeunload", this.#warn);
      this.#box.hide(KEY);
    }
  }

  /** @param {BeforeUnloadEvent} event */
  #warn = (event) => {
    event.preventDefault();
    // Older browsers.
    event.returnValue = true;
    // It is seen by those who stay.
    this.#tell();
  };

  #tell() {
    if (!this.#batch) return;
    const file = `${nameOf(this.#batch.workflow)}.json`;
    const command = commandLine(file, this.#page.location.href);
    const saved = this.#batch.copy?.workflow ?? this.#batch.workflow?.activeState;
    const code = element("code", "notice-command", command);
    const buttons = [{ name: "copy", label: t("leaving.copy"), pressed: () => this.#copy(code) }];
    if (saved) {
      const pressed = () => save(file, saved);
      buttons.push({ name: "save", label: t("leaving.save"), pressed });
    }
    const texts = { summary: t("leaving.title"), detail: t("leaving.detail", { file }) };
    this.#box.showWith(KEY, { severity: "warn", ...texts }, buttons, code);
  }

  /** Copy the command, and show that by selecting it. @param {HTMLElement} code */
  #copy(code) {
    const { document, navigator } = this.#page;
    document.getSelection()?.selectAllChildren(code);
    // The clipboard is only for pages of this machine and over https; the selection is for all.
    if (navigator.clipboard) navigator.clipboard.writeText(code.textContent ?? "").catch(() => {});
    else document.execCommand("copy");
  }
}

/**
 * Save a workflow into the browser's folder for downloads.
 *
 * @param {string} file
 * @param {unknown} workflow
 */
function save(file, workflow) {
  const text = JSON.stringify(workflow, null, 2);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
