import { element, icon, setText } from "../dom.js";
import { t } from "../texts.js";
import { iconButton } from "./icon_button.js";

/**
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Actions } from "./actions.js"
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
   * @param {Actions} given.actions
   * @param {() => void} given.changed - the loop is another now
   * @param {() => void} given.forgotten - the loop is no more
   */
  constructor({ loop, server, actions, changed, forgotten }) {
    this.#loop = loop;
    /** @param {"startOver" | "retry" | "skip"} name */
    const does = (name) => async () => (await actions[name](this.#loop)) && changed();
    const forget = async () => (await actions.forget(this.#loop)) && forgotten();
    const skip = iconButton("skip", "step-forward", t("panel.skip.label"), does("skip"));
    this.#stopped = element("div", "stopped", this.#why, skip);
    this.#retry = iconButton("retry", "replay", t("panel.retry.label"), does("retry"));
    this.#forget = iconButton("forget", "trash", t("panel.forget.label"), forget);
    const row = element(
      "div",
      "panel-buttons",
      iconButton("start-over", "refresh", t("panel.startOver.label"), does("startOver")),
      this.#retry,
      report(server.report(loop.id, "json"), "JSON"),
      report(server.report(loop.id, "csv"), "CSV"),
      this.#forget,
    );
    this.element = element("div", "actions", this.#stopped, row);
    this.show(loop, false);
  }

  /**
   * @param {Loop} loop
   * @param {boolean} runs
   */
  show(loop, runs) {
    this.#loop = loop;
    const { stopped_on: stopped, failed } = loop;
    const label = /** @type {Element} */ (this.#retry.lastElementChild);
    setText(label, t("panel.retry.count", { count: failed }));
    this.#retry.hidden = failed === 0;
    this.#forget.disabled = runs;
    this.#forget.title = runs ? t("panel.forget.running") : t("panel.forget.tooltip");
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
