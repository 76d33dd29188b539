import { canUndo } from "../card/texts_and_buttons.js";
import { element, icon, setText } from "../dom.js";
import { isAtWork } from "../figures.js";
import { titleOf } from "../items.js";
import { t, textsOf } from "../texts.js";
import { iconButton } from "./icon_button.js";

/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Changes } from "../changes.js"
 */

/** The buttons for one loop. */
export class Buttons {
  element;
  #loop;
  #retry;
  #forget;
  #startOver;
  #stopped;
  #why = element("p", "stopped-why");

  /**
   * @param {object} given
   * @param {Loop} given.loop
   * @param {LoopServer} given.server
   * @param {Changes} given.changes
   * @param {() => void} given.changed - called when the loop has changed
   * @param {() => void} given.forgotten - called when the loop has been forgotten
   */
  constructor({ loop, server, changes, changed, forgotten }) {
    this.#loop = loop;
    /** @param {Promise<boolean>} change */
    const done = async (change) => (await change) && changed();
    const startOver = () => {
      if (canUndo(this.#loop)) done(changes.undo(loop.id));
      else done(changes.startOver({ loop: loop.id }, this.#loop));
    };
    const retry = () => done(changes.retry(loop.id));
    const skipIt = () => {
      const { stopped_on: stopped } = this.#loop;
      if (stopped) done(changes.skip(loop.id, stopped));
    };
    const forget = async () => {
      if (await changes.forget(this.#loop)) forgotten();
    };
    const skip = iconButton("skip", "step-forward", t("skip.title"), skipIt);
    this.#stopped = element("div", "stopped", this.#why, skip);
    this.#retry = iconButton("retry", "replay", t("retry.title"), retry);
    this.#forget = iconButton("forget", "trash", t("forget.title"), forget);
    this.#startOver = iconButton("start-over", "refresh", t("startOver.title"), startOver);
    const row = element(
      "div",
      "panel-buttons",
      this.#startOver,
      this.#forget,
      report(server.report(loop.id, "json"), "JSON"),
      report(server.report(loop.id, "csv"), "CSV"),
      // Last, as it appears during a run, and must not move what a person is about to press.
      this.#retry,
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
    const undo = canUndo(loop);
    const again = /** @type {Element} */ (this.#startOver.lastElementChild);
    setText(again, t(undo ? "undo.label" : "startOver.title"));
    this.#startOver.title = textsOf(loop)(undo ? "undo.tooltip" : "startOver.tooltip");
    this.#forget.disabled = runs;
    this.#forget.title = runs ? t("forget.running") : t("forget.tooltip");
    this.#stopped.hidden = !stopped || runs;
    if (!stopped) return;
    setText(this.#why, t("panel.stoppedOn", { image: titleOf(stopped), reason: stopped.reason }));
    this.#why.title = stopped.reason;
  }
}

/**
 * @param {string} address
 * @param {string} kind
 */
function report(address, kind) {
  const name = element("span", "button-label", t("panel.report", { kind }));
  const link = element("a", "panel-button", icon("download"), name);
  link.href = address;
  link.download = "";
  return link;
}
