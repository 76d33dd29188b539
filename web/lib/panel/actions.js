import { explained } from "../errors.js";
import { t } from "../texts.js";

/**
 * @import { App } from "../../../types/comfyui.d.ts"
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Toasts } from "../toasts.js"
 */

const LIFE_MS = 8_000;

/** What a person can do to a loop, and what they are told of how it went. */
export class Actions {
  #server;
  #toasts;
  #app;
  #changed;

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Toasts} given.toasts
   * @param {App} given.app
   * @param {() => void} given.changed - called when a loop is another one than before
   */
  constructor({ server, toasts, app, changed }) {
    this.#server = server;
    this.#toasts = toasts;
    this.#app = app;
    this.#changed = changed;
  }

  /**
   * Start a loop over. All of these give whether it was done.
   *
   * @param {Loop} loop
   */
  async startOver({ id, directory }) {
    return this.#do("startOver", directory, () => this.#server.reset({ loop: id }));
  }

  /**
   * Have the failed images of a loop taken again.
   *
   * @param {Loop} loop
   */
  async retry({ id, directory }) {
    return this.#do("retry", directory, () => this.#server.retry({ loop: id }));
  }

  /**
   * Give up the image that a run stopped on.
   *
   * @param {Loop} loop
   */
  async skip({ id, directory, stopped_on: stopped }) {
    if (!stopped) return false;
    return this.#do("skip", directory, () => this.#server.skip(id, stopped.path));
  }

  /**
   * Forget a loop, if the person is sure.
   *
   * @param {Loop} loop
   */
  async forget({ id, directory }) {
    const sure = await this.#app.extensionManager.dialog.confirm({
      title: t("panel.forget.title"),
      message: t("panel.forget.sure", { directory }),
      type: "default",
    });
    return sure ? this.#do("forget", directory, () => this.#server.forget(id)) : false;
  }

  /**
   * @param {string} what
   * @param {string} directory
   * @param {() => Promise<unknown>} change
   */
  async #do(what, directory, change) {
    const summary = t(`panel.${what}.label`);
    try {
      await change();
      this.#changed();
      const detail = `${directory}\n${t(`panel.${what}.done`)}`;
      this.#toasts.show("panel", { severity: "success", summary, detail, life: LIFE_MS });
      return true;
    } catch (error) {
      const detail = explained(error);
      this.#toasts.show("panel", { severity: "warn", summary, detail, life: LIFE_MS });
      return false;
    }
  }
}
