/** @import { App } from "../../types/comfyui.d.ts" */

/**
 * The modes in which ComfyUI queues by itself, and what each becomes when it is switched off.
 *
 * @type {Record<string, string>}
 */
const OFF = {
  // Newer frontends tell the chosen mode from the running one.
  "instant-running": "instant-idle",
  instant: "disabled",
  change: "disabled",
};

/** What stands for the old menu's checkbox among the modes. */
const LEGACY = "checkbox";

/** ComfyUI's Auto Queue, whichever of its forms the frontend at hand has. */
export class AutoQueue {
  #app;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
  }

  /** Whether ComfyUI will queue again by itself. */
  get on() {
    const settings = this.#settings;
    return Boolean(settings && settings.mode in OFF) || this.#legacyOn;
  }

  /** How it queues now, whether by itself or not. */
  get mode() {
    return this.#legacyOn ? LEGACY : this.#settings?.mode;
  }

  /** Switch it off; returns the mode that it was in, null if it was off. */
  switchOff() {
    const mode = this.on ? (this.mode ?? null) : null;
    const settings = this.#settings;
    if (settings && settings.mode in OFF) settings.mode = OFF[settings.mode];
    if (this.#legacyOn) this.#switchLegacy(false);
    return mode;
  }

  /**
   * Switch it on again in a mode that `switchOff` has returned, and queue for some images.
   *
   * @param {string} mode
   * @param {number} images
   */
  goOn(mode, images) {
    if (mode === LEGACY) this.#switchLegacy(true);
    else if (this.#settings) this.#settings.mode = mode;
    // Run (On Change) queues no more by itself until a person changes something.
    return this.queueAgain(mode === "change" ? images : 1);
  }

  /**
   * Show a stop that ComfyUI has already made: after an error, or a prompt that it has refused, it
   * queues nothing more, but newer frontends go on offering to stop, and Run would take two clicks.
   */
  showStopped() {
    const settings = this.#settings;
    if (settings?.mode === "instant-running") settings.mode = "instant-idle";
  }

  /** The prompt id of the error for which ComfyUI holds Auto Queue back, or undefined. */
  get heldBackBy() {
    return this.#app.lastExecutionError?.prompt_id;
  }

  /** Queue what Auto Queue would have queued, and `least` prompts at least. */
  queueAgain(least = 1) {
    const batchCount = this.#legacyOn ? this.#app.ui.batchCount : this.#settings?.batchCount;
    return this.#app.queuePrompt(0, Math.max(batchCount ?? 1, least));
  }

  get #settings() {
    return this.#app.extensionManager?.queueSettings;
  }

  /** The old menu keeps an Auto Queue of its own, a checkbox. */
  get #legacyOn() {
    return Boolean(this.#app.ui?.autoQueueEnabled);
  }

  /** @param {boolean} on */
  #switchLegacy(on) {
    this.#app.ui.autoQueueEnabled = on;
    // ComfyUI keeps the checkbox and the flag in step by hand, so it is done by hand here too.
    const found = document.getElementById("autoQueueCheckbox");
    const box = /** @type {HTMLInputElement | null} */ (found);
    if (box) box.checked = on;
  }
}
