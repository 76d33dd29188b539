import { titleOfType } from "./node/search_names.js";
import { t } from "./texts.js";

/**
 * @import { App } from "../../types/comfyui.d.ts"
 * @import { NoticeBox } from "./notice_box.js"
 * @import { Screen } from "./screen.js"
 */

/** Of the pack's node ids. */
const PREFIX = "BatchLoop";
/** ComfyUI's setting for listing errors in the side panel instead of a window. */
const ERRORS_TAB = "Comfy.RightSidePanel.ShowErrorsTab";
/** What ComfyUI calls an error whose text is the node's own. */
const OWN_TEXT = "custom_validation_failed";
const FAILED = "failed";
const REFUSED = "refused";

/**
 * @typedef {object} Failure - of a node that ran, as ComfyUI tells it
 * @property {string | number} node_id - its execution id
 * @property {string} node_type
 * @property {string} exception_message
 */

/**
 * @typedef {object} Fault - of a node, for which ComfyUI refuses a prompt
 * @property {string} type
 * @property {string} [details] - the input's name and the node's text
 * @property {{ input_name?: string }} [extra_info]
 */

/**
 * Tells why a node of the pack failed, or why ComfyUI refused a prompt because of one.
 *
 * Frontends that list errors in their side panel show texts of their own there, which do not say
 * what is wrong. All others show the node's text in a window, so that nothing is added to them.
 */
export class Reasons {
  #app;
  #box;
  #screen;
  /** The execution id of the node whose failure was told last. */
  #failed = "";

  /**
   * @param {object} parts
   * @param {Pick<App, "extensionManager" | "lastNodeErrors">} parts.app - `lastNodeErrors` are the
   *   validation errors of the prompt that was sent last
   * @param {Pick<NoticeBox, "hide" | "showWith">} parts.box
   * @param {Pick<Screen, "find">} parts.screen
   */
  constructor({ app, box, screen }) {
    this.#app = app;
    this.#box = box;
    this.#screen = screen;
  }

  /**
   * A node has failed.
   *
   * @param {Failure} failure
   */
  failed({ node_id: id, node_type: type, exception_message: message }) {
    if (!this.#areKeptBack || !type.startsWith(PREFIX)) return;
    this.#failed = String(id);
    this.#show(FAILED, t("notice.failedNode", { node: this.#nameOf(id, type) }), message.trim());
  }

  /**
   * A node has reported what it did: if it had failed before, it does no longer.
   *
   * @param {string | number} id - its execution id
   */
  reported(id) {
    if (String(id) === this.#failed) this.#box.hide(FAILED);
  }

  /** This tab is about to send a prompt. */
  sending() {
    this.#box.hide(REFUSED);
  }

  /**
   * ComfyUI has refused the prompt that this tab sent.
   *
   * @param {boolean} hasRun - whether others of its batch have run before it
   */
  refused(hasRun) {
    if (!this.#areKeptBack) return;
    const told = Object.entries(this.#app.lastNodeErrors ?? {})
      .filter(([, { class_type: type }]) => type.startsWith(PREFIX))
      .flatMap(([id, { class_type: type, errors }]) =>
        errors
          .filter((/** @type {Fault} */ error) => error.type === OWN_TEXT)
          .map((/** @type {Fault} */ error) => `${this.#nameOf(id, type)}: ${textOf(error)}`),
      );
    const title = t(hasRun ? "away.refused.title" : "notice.refused");
    if (told.length > 0) this.#show(REFUSED, title, told.join("\n"));
  }

  /** Whether the page keeps back the text of a node that fails, or is refused. */
  get #areKeptBack() {
    return this.#app.extensionManager.setting.get(ERRORS_TAB) === true;
  }

  /**
   * @param {string} key
   * @param {string} summary
   * @param {string} detail
   */
  #show(key, summary, detail) {
    this.#box.showWith(key, { severity: "error", summary, detail }, []);
  }

  /**
   * The title of a node; its type if another workflow is on the screen.
   *
   * @param {string | number} id
   * @param {string} type
   */
  #nameOf(id, type) {
    const node = this.#screen.find(String(id));
    if (node?.comfyClass === type) return node.title;
    return titleOfType(type) ?? type;
  }
}

/** @param {Fault} fault */
function textOf({ details = "", extra_info: info }) {
  // ComfyUI puts the input's name before it.
  const before = `${info?.input_name} - `;
  return details.startsWith(before) ? details.slice(before.length) : details;
}
