import { explained } from "./errors.js";
import { Refused } from "./server.js";
import { t } from "./texts.js";

/**
 * @import { Which } from "../../types/server.d.ts"
 * @import { LoopServer } from "./server.js"
 * @import { Toasts } from "./toasts.js"
 */

const LIFE_MS = 8_000;

/** Makes the changes that users ask for, and reports the result. */
export class Changes {
  #server;
  #toasts;

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Toasts} given.toasts
   */
  constructor({ server, toasts }) {
    this.#server = server;
    this.#toasts = toasts;
  }

  /**
   * Start a loop over. Each of these methods returns whether it succeeded.
   *
   * @param {Which} which
   */
  startOver(which) {
    return this.#do("startOver", async () => {
      const { directory } = await this.#server.reset(which);
      return `${directory}\n${t("startOver.done")}`;
    });
  }

  /**
   * Retry the failed images of a loop.
   *
   * @param {string} loop
   */
  retry(loop) {
    return this.#do("retry", async () => {
      const { directory } = await this.#server.retry({ loop });
      return `${directory}\n${t("retry.done")}`;
    });
  }

  /**
   * Skip the image that a run stopped on.
   *
   * @param {string} loop
   * @param {string} path - of the image, relative to the folder
   */
  skip(loop, path) {
    return this.#do("skip", async () => {
      await this.#server.skip(loop, path);
      return t("skip.done", { path });
    });
  }

  /**
   * Forget a loop.
   *
   * @param {string} loop
   * @param {string} directory - its folder
   */
  forget(loop, directory) {
    return this.#do("forget", async () => {
      await this.#server.forget(loop);
      return `${directory}\n${t("forget.done")}`;
    });
  }

  /**
   * @param {"startOver" | "retry" | "skip" | "forget"} what
   * @param {() => Promise<string>} act - returns the message to show
   */
  async #do(what, act) {
    const summary = t(`${what}.title`);
    try {
      const detail = await act();
      this.#toasts.show(what, { severity: "success", summary, detail, life: LIFE_MS });
      return true;
    } catch (error) {
      const severity = error instanceof Refused ? "warn" : "error";
      this.#toasts.show(what, { severity, summary, detail: explained(error), life: LIFE_MS });
      return false;
    }
  }
}
