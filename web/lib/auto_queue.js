/** @import { App } from "../../types/comfyui.d.ts" */

/**
 * The modes in which ComfyUI queues automatically, and the mode that switching each off leads to.
 *
 * @type {Record<string, string>}
 */
const OFF = {
  // Newer frontends distinguish the chosen mode from the running one.
  "instant-running": "instant-idle",
  instant: "disabled",
  change: "disabled",
};

/** The mode that represents the old menu's checkbox. */
const LEGACY = "checkbox";

/** ComfyUI's Auto Queue, in whichever form the current frontend has it. */
export class AutoQueue {
  #app;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
  }

  /** Whether ComfyUI will queue again automatically. */
  get on() {
    const settings = this.#settings;
    return Boolean(settings && settings.mode in OFF) || this.#legacyOn;
  }

  /** The current mode, automatic or not. */
  get mode() {
    return this.#legacyOn ? LEGACY : this.#settings?.mode;
  }

  /** Switch it off; returns the mode it was in, or null if it was off. */
  switchOff() {
    const mode = this.on ? (this.mode ?? null) : null;
    const settings = this.#settings;
    if (settings && settings.mode in OFF) settings.mode = OFF[settings.mode];
    if (this.#legacyOn) this.#switchLegacy(false);
    return mode;
  }

  /**
   * Switch it back on in a mode returned by `switchOff`, and queue prompts for some images.
   *
   * @param {string} mode
   * @param {number} images
   */
  goOn(mode, images) {
    if (mode === LEGACY) this.#switchLegacy(true);
    else if (this.#settings) this.#settings.mode = mode;
    // Run (On Change) queues nothing automatically until somebody changes something.
    return this.queueAgain(mode === "change" ? images : 1);
  }

  /**
   * Show that Auto Queue has stopped. After an error or a refused prompt, ComfyUI queues nothing
   * more, but newer frontends still show Stop, and Run would take two clicks.
   */
  showStopped() {
    const settings = this.#settings;
    if (settings?.mode === "instant-running") settings.mode = "instant-idle";
  }

  /** The id of the failed prompt because of which ComfyUI holds Auto Queue back, or undefined. */
  get heldBackBy() {
    return this.#app.lastExecutionError?.prompt_id;
  }

  /** Queue what Auto Queue would have queued, but at least `least` prompts. */
  queueAgain(least = 1) {
    const batchCount = this.#legacyOn ? this.#app.ui.batchCount : this.#settings?.batchCount;
    return this.#app.queuePrompt(0, Math.max(batchCount ?? 1, least));
  }

  get #settings() {
    return this.#app.extensionManager?.queueSettings;
  }

  /** The old menu has its own Auto Queue, a checkbox. */
  get #legacyOn() {
    return Boolean(this.#app.ui?.autoQueueEnabled);
  }

  /** @param {boolean} on */
  #switchLegacy(on) {
    this.#app.ui.autoQueueEnabled = on;
    // ComfyUI sets the checkbox and the flag separately, so this has to set both.
    const found = document.getElementById("autoQueueCheckbox");
    const box = /** @type {HTMLInputElement | null} */ (found);
    if (box) box.checked = on;
  }
}
