/** The modes in which ComfyUI queues by itself, and what each becomes when it is switched off. */
const OFF = {
  // Newer frontends tell the chosen mode from the running one.
  "instant-running": "instant-idle",
  instant: "disabled",
  change: "disabled",
};

/** ComfyUI's Auto Queue, whichever of its forms the frontend at hand has. */
export class AutoQueue {
  #app;

  constructor(app) {
    this.#app = app;
  }

  /** Whether ComfyUI will queue again by itself. */
  get on() {
    const settings = this.#settings;
    return Boolean(settings && settings.mode in OFF) || this.#legacyOn;
  }

  /** Switch it off; returns whether it was on. */
  switchOff() {
    const wasOn = this.on;
    const settings = this.#settings;
    if (settings && settings.mode in OFF) settings.mode = OFF[settings.mode];
    if (this.#legacyOn) this.#switchLegacyOff();
    return wasOn;
  }

  /**
   * Show a stop that ComfyUI has already made: after an error it queues nothing more, but newer
   * frontends go on offering to stop, and Run would take two clicks.
   */
  showStopped() {
    const settings = this.#settings;
    if (settings?.mode === "instant-running") settings.mode = "instant-idle";
  }

  /** The prompt id of the error for which ComfyUI holds Auto Queue back, or undefined. */
  get heldBackBy() {
    return this.#app.lastExecutionError?.prompt_id;
  }

  /** Queue what Auto Queue would have queued. */
  queueAgain() {
    const batchCount = this.#legacyOn ? this.#app.ui.batchCount : this.#settings?.batchCount;
    return this.#app.queuePrompt(0, batchCount ?? 1);
  }

  get #settings() {
    return this.#app.extensionManager?.queueSettings;
  }

  /** The old menu keeps an Auto Queue of its own, a checkbox. */
  get #legacyOn() {
    return Boolean(this.#app.ui?.autoQueueEnabled);
  }

  #switchLegacyOff() {
    this.#app.ui.autoQueueEnabled = false;
    // ComfyUI keeps the checkbox and the flag in step by hand, so it is done by hand here too.
    const box = document.getElementById("autoQueueCheckbox");
    if (box) box.checked = false;
  }
}
