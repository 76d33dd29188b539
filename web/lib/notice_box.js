import { attributed, button, element } from "./dom.js";
import { t } from "./texts.js";

/** @import { Toast } from "../../types/comfyui.d.ts" */

/**
 * Notices at the end of a batch, with a button that opens the report.
 *
 * They are next to ComfyUI's own messages, which can contain only text. A notice stays until
 * somebody closes it, opens the report, or goes on with the batch.
 */
export class NoticeBox {
  #openReport;
  /** @type {HTMLElement | null} */
  #place = null;
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
  }

  /**
   * Show how a loop's batch has ended, replacing its previous notice.
   *
   * @param {string} loop
   * @param {Toast} message
   */
  show(loop, { severity, summary, detail = "" }) {
    this.hide(loop);
    const report = button(classOf("report"), t("notice.report"), () => this.#open(loop));
    const close = button(classOf("close"), t("notice.close"), () => this.hide(loop));
    const notice = element(
      "section",
      `notice batch-loop-notice-${severity}`,
      element("strong", "notice-title", summary),
      element("p", "notice-detail", detail),
      element("div", "notice-buttons", report, close),
    );
    notice.addEventListener("keydown", ({ key }) => key === "Escape" && this.hide(loop));
    this.#shown.set(loop, notice);
    this.#place?.append(notice);
  }

  /**
   * Remove a loop's notice, if it is still there.
   *
   * @param {string} loop
   */
  hide(loop) {
    this.#shown.get(loop)?.remove();
    this.#shown.delete(loop);
  }

  /** @param {string} loop */
  #open(loop) {
    this.hide(loop);
    this.#openReport(loop);
  }
}

/** @param {string} name */
function classOf(name) {
  return `notice-button batch-loop-notice-${name}`;
}
