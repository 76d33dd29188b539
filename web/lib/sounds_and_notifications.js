import { NOTIFICATION } from "./settings.js";
import { t } from "./texts.js";
import { playTone } from "./tone.js";

/**
 * @import { Toast } from "../../types/comfyui.d.ts"
 * @import { Settings } from "./settings.js"
 * @import { Toasts } from "./toasts.js"
 */

const TOAST = "notification";
const LIFE_MS = 15_000;

/** Alerts a user who is elsewhere that a batch has ended, if the settings say so. */
export class Signals {
  #settings;
  #toasts;
  #openReport;
  #tone;

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {Settings} parts.settings
   * @param {Toasts} parts.toasts
   * @param {(loop: string) => void} parts.openReport - shows the report of a loop
   * @param {() => Promise<void>} [parts.tone] - plays a sound
   */
  constructor({ settings, toasts, openReport, tone = playTone }) {
    this.#settings = settings;
    this.#toasts = toasts;
    this.#openReport = openReport;
    this.#tone = tone;
  }

  /**
   * A loop's batch has ended, with this message.
   *
   * @param {string} loop
   * @param {Toast} message
   */
  ended(loop, message) {
    if (this.#settings.sound) this.play();
    if (this.#settings.notification) this.#notify(loop, message);
  }

  /** Play the sound. */
  play() {
    this.#tone().catch((error) => console.warn(`[Batch Loop] no sound could be played: ${error}`));
  }

  /**
   * Notifications were switched on: ask the browser to allow them; if it does not, say so and
   * switch them off again.
   */
  async allow() {
    if ((await permission()) === "granted") {
      this.#toasts.hide(TOAST);
      return;
    }
    this.#settings.switchOff(NOTIFICATION);
    this.#toasts.show(TOAST, {
      severity: "warn",
      summary: t("notification.title"),
      detail: window.isSecureContext ? t("notification.refused") : t("notification.insecure"),
      life: LIFE_MS,
    });
  }

  /**
   * @param {string} loop
   * @param {Toast} message
   */
  #notify(loop, { summary, detail }) {
    try {
      // A later notification with the same tag replaces the earlier one.
      const shown = new Notification(summary, { body: detail, tag: `batch-loop:${loop}` });
      shown.addEventListener("click", () => {
        shown.close();
        window.focus();
        this.#openReport(loop);
      });
    } catch (error) {
      console.warn(`[Batch Loop] no notification could be shown: ${error}`);
    }
  }
}

/** The browser's permission for notifications; asks the user if necessary. */
async function permission() {
  return "Notification" in window ? Notification.requestPermission() : "denied";
}
