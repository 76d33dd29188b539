import { BelowToasts } from "./below_toasts.js";
import { attributed, button, element } from "./dom.js";
import { aroundName } from "./middle_cut.js";
import { t } from "./texts.js";
import { copy } from "./viewer/copy.js";

/** @import { Toast } from "../../types/comfyui.d.ts" */

/**
 * @typedef {object} Offer - what a person can do about a notice, beside opening the report
 * @property {string} [label]
 * @property {() => void} [act]
 * @property {string} [copies] - a path to copy
 * @property {HTMLElement} [shows] - what is shown below the text
 * @property {number} [life] - how long the offer, and so the notice, lasts, in ms
 */

/**
 * Notices about a batch, with a button that opens the report.
 *
 * They are next to ComfyUI's own messages, which can contain only text. A notice stays until
 * somebody closes it, opens the report, or goes on with the batch.
 */
export class NoticeBox {
  #openReport;
  /** @type {HTMLElement | null} */
  #place = null;
  /** @type {BelowToasts | null} */
  #below = null;
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /** @param {(loop: string) => void} openReport - shows the report of a loop */
  constructor(openReport) {
    this.#openReport = openReport;
  }

  /**
   * Add the container for notices to the page. It must be there before the first notice: screen
   * readers announce only what is added to a live region that they already know.
   *
   * @param {HTMLElement} parent
   */
  addTo(parent) {
    this.#place = attributed(element("div", "notices"), { role: "status", "aria-atomic": "false" });
    parent.append(this.#place);
    this.#below = new BelowToasts(this.#place);
  }

  /**
   * Show how a loop's batch has ended or stopped, replacing its previous notice.
   *
   * @param {string} loop
   * @param {Toast} message
   * @param {Offer} [offer]
   */
  show(loop, message, offer) {
    const report = {
      name: "report",
      label: t("notice.report"),
      pressed: () => this.#open(loop),
    };
    const buttons = [...this.#offered(loop, offer), report, ...this.#copying(loop, offer)];
    const notice = this.showWith(loop, message, buttons, ...(offer?.shows ? [offer.shows] : []));
    if (offer?.copies) showWhole(notice, message.detail ?? "", offer.copies);
    if (offer?.life === undefined) return;
    setTimeout(() => this.#shown.get(loop) === notice && this.hide(loop), offer.life);
  }

  /**
   * Show a notice with buttons, and one that closes it, replacing the previous one with its key;
   * returns it.
   *
   * @param {string} key
   * @param {Toast} message
   * @param {{ name: string, label: string, pressed: () => void }[]} buttons
   * @param {...HTMLElement} more - what is shown between its text and the buttons
   */
  showWith(key, { severity, summary, detail = "" }, buttons, ...more) {
    this.hide(key);
    const close = { name: "close", label: t("notice.close"), pressed: () => this.hide(key) };
    const made = [...buttons, close].map(({ name, label, pressed }) =>
      button(classOf(name), label, pressed),
    );
    const notice = element(
      "section",
      `notice batch-loop-notice-${severity}`,
      element("strong", "notice-title", summary),
      element("p", "notice-detail", detail),
      ...more,
      element("div", "notice-buttons", ...made),
    );
    notice.addEventListener("keydown", ({ key: pressed }) => pressed === "Escape" && this.hide(key));
    this.#shown.set(key, notice);
    this.#place?.append(notice);
    this.#below?.follow();
    return notice;
  }

  /**
   * Whether there is a notice with this key, which nobody has closed.
   *
   * @param {string} key
   */
  shows(key) {
    return this.#shown.has(key);
  }

  /**
   * Remove a loop's notice, if it is still there.
   *
   * @param {string} loop
   */
  hide(loop) {
    this.#shown.get(loop)?.remove();
    this.#shown.delete(loop);
    this.#below?.follow();
  }

  /**
   * @param {string} loop
   * @param {Offer} [offer]
   */
  #offered(loop, offer) {
    const { label, act } = offer ?? {};
    if (!label) return [];
    const pressed = () => {
      this.hide(loop);
      act?.();
    };
    return [{ name: "offer batch-loop-button-primary", label, pressed }];
  }

  /**
   * @param {string} loop
   * @param {Offer} [offer]
   */
  #copying(loop, offer) {
    const path = offer?.copies;
    if (!path) return [];
    const pressed = async () => {
      const notice = this.#shown.get(loop);
      if (!notice) return;
      const isCopied = await copy(path, notice);
      const made = notice.querySelector(".batch-loop-notice-copy");
      if (made) made.textContent = t(`panel.viewer.${isCopied ? "copied" : "notCopied"}`);
    };
    return [{ name: "copy", label: t("notice.copy"), pressed }];
  }

  /** @param {string} loop */
  #open(loop) {
    this.hide(loop);
    this.#openReport(loop);
  }
}

/**
 * Let a notice's text break before the last name of a path, and within it only if it fits no line.
 *
 * @param {HTMLElement} notice
 * @param {string} text
 * @param {string} path
 */
function showWhole(notice, text, path) {
  if (!text.includes(path)) return;
  const [before, folder, name, after] = aroundName(text, path);
  const whole = element("span", "notice-name", name);
  notice.querySelector(".batch-loop-notice-detail")?.replaceChildren(before, folder, whole, after);
}

/** @param {string} name */
function classOf(name) {
  return `notice-button batch-loop-notice-${name}`;
}
