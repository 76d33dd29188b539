import { element, icon, setText } from "../dom.js";
import { isAtWork } from "../figures.js";
import { t } from "../texts.js";
import { iconButton } from "./icon_button.js";

/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Changes } from "../changes.js"
 * @typedef {(title: string, message: string) => Promise<boolean | null>} Confirm - asks the user
 */

/** The buttons for one loop. */
export class Buttons {
  element;
  #loop;
  #retry;
  #forget;
  #stopped;
  #why = element("p", "stopped-why");

  /**
   * @param {object} given
   * @param {Loop} given.loop
   * @param {LoopServer} given.server
   * @param {Changes} given.changes
   * @param {Confirm} given.confirm
   * @param {() => void} given.changed - called when the loop has changed
   * @param {() => void} given.forgotten - called when the loop has been forgotten
   */
  constructor({ loop, server, changes, confirm, changed, forgotten }) {
    this.#loop = loop;
    /** @param {Promise<boolean>} change */
    const done = async (change) => (await change) && changed();
    const startOver = () => done(changes.startOver({ loop: loop.id }));
    const retry = () => done(changes.retry(loop.id));
    const skipIt = () => {
      const { stopped_on: stopped } = this.#loop;
      if (stopped) done(changes.skip(loop.id, stopped.path));
    };
    const forget = async () => {
      const { id, directory } = loop;
      const isSure = await confirm(t("forget.question"), t("forget.sure", { directory }));
      if (isSure && (await changes.forget(id, directory))) forgotten();
    };
    const skip = iconButton("skip", "step-forward", t("skip.title"), skipIt);
    this.#stopped = element("div", "stopped", this.#why, skip);
    this.#retry = iconButton("retry", "replay", t("retry.title"), retry);
    this.#forget = iconButton("forget", "trash", t("forget.title"), forget);
    const row = element(
      "div",
      "panel-buttons",
      iconButton("start-over", "refresh", t("startOver.title"), startOver),
      this.#retry,
      report(server.report(loop.id, "json"), "JSON"),
      report(server.report(loop.id, "csv"), "CSV"),
      this.#forget,
    );
    this.element = element("div", "actions", this.#stopped, row);
    this.show(loop);
  }

  /** @param {Loop} loop */
  show(loop) {
    const runs = isAtWork(loop);
    this.#loop = loop;
    const { stopped_on: stopped, failed } = loop;
    const label = /** @type {Element} */ (this.#retry.lastElementChild);
    setText(label, t("retry.label", { count: failed }));
    this.#retry.hidden = failed === 0;
    this.#forget.disabled = runs;
    this.#forget.title = runs ? t("forget.running") : t("forget.tooltip");
    this.#stopped.hidden = !stopped || runs;
    if (!stopped) return;
    setText(this.#why, t("panel.stoppedOn", { image: stopped.path, reason: stopped.reason }));
    this.#why.title = stopped.reason;
  }
}

/**
 * @param {string} address
 * @param {string} kind
 */
function report(address, kind) {
  const link = element("a", "panel-button", icon("download"), kind);
  link.href = address;
  link.download = "";
  link.setAttribute("aria-label", t("panel.report", { kind }));
  link.title = t("panel.report", { kind });
  return link;
}
