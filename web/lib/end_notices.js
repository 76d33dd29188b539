import { attributed, button, element } from "./dom.js";
import { t } from "./texts.js";

/** @import { Toast } from "../../types/comfyui.d.ts" */

/**
 * The notices at the end of a batch, with its report one click away.
 *
 * ComfyUI's own messages hold text alone, so these lie beside them. A notice stays until somebody
 * closes it, opens the report, or goes on with the batch.
 */
export class EndNotices {
  #openReport;
  /** @type {HTMLElement | null} */
  #place = null;
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /** @param {(loop: string) => void} openReport - shows a person the report of a loop */
  constructor(openReport) {
    this.#openReport = openReport;
  }

  /**
   * Make the place for notices in the page; a screen reader tells only of what is added to a place
   * that it knows already.
   *
   * @param {HTMLElement} parent
   */
  addTo(parent) {
    this.#place = attributed(element("div", "notices"), { role: "status", "aria-atomic": "false" });
    parent.append(this.#place);
  }

  /**
   * Show how a loop's batch has ended, in the place of what was shown of this loop before.
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
   * Take a loop's notice away, if it is still there.
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
