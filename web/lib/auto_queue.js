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

/**
 * @typedef {object} Mode - a mode in which ComfyUI queues automatically, as it was switched off
 * @property {string} name - ComfyUI's
 * @property {boolean} isOurs - whether this page had chosen it itself, where each press of Run was
 *   one run
 */

/** The mode in which each press of Run is one run. */
const PLAIN = "disabled";
/** The mode that represents the old menu's checkbox. */
const LEGACY = "checkbox";

/** The mode that queues a prompt for each change of the workflow. */
const ON_CHANGE = "change";

/** Forms of Run (Instant) while it runs: that of newer frontends, and that of older ones. */
const INSTANT = /** @type {const} */ (["instant-running", "instant"]);

/** What opens the Run button's menu in the frontends that have the newer form. */
const NEWER_MENU = '[data-testid="queue-mode-menu-trigger"]';

/** ComfyUI's Auto Queue, in whichever form the current frontend has it. */
export class AutoQueue {
  #app;
  #page;
  /** Whether this frontend has the newer form of Run (Instant); undefined until that is known. */
  #isNewer = /** @type {boolean | undefined} */ (undefined);
  /** Whether this page has chosen Run (Instant) itself, where each press of Run was one run. */
  #wasPlain = false;
  /** Whether it has done so in the old menu. */
  #wasUnchecked = false;
  /** The mode that this page has set last. */
  #set = /** @type {string | undefined} */ (undefined);

  /**
   * @param {App} app
   * @param {() => Pick<Document, "querySelector" | "getElementById">} [page] - ComfyUI's page
   */
  constructor(app, page = () => document) {
    this.#app = app;
    this.#page = page;
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

  /** Whether it goes through a whole batch by itself: Run (Instant), or the old menu's checkbox. */
  get runsAll() {
    return this.on && this.mode !== ON_CHANGE;
  }

  /**
   * Whether Run (Instant) is not only chosen, as far as the mode tells: older frontends have one
   * mode for both, and the old menu one checkbox.
   */
  get isPressed() {
    return this.mode === "instant-running";
  }

  /** Whether Run (On Change) is chosen. */
  get isOnChange() {
    return this.mode === ON_CHANGE;
  }

  /**
   * Run the whole batch: choose Run (Instant), and press it once, unless it runs already.
   *
   * @param {boolean} [isRunning]
   */
  start(isRunning = this.runsAll) {
    if (isRunning) return;
    this.chooseAll();
    return this.queueAgain();
  }

  /** Choose the mode in which `start` runs a batch. */
  chooseAll() {
    this.#choose(this.toStart.name);
  }

  /**
   * The mode in which `start` runs a batch.
   *
   * @returns {Mode}
   */
  get toStart() {
    const isOld = this.#isOldMenu;
    const isOurs = isOld ? !this.#legacyOn : this.#settings?.mode === PLAIN;
    return { name: isOld ? LEGACY : this.#instant, isOurs };
  }

  /**
   * Call `changed` whenever a person, or this page, has chosen another mode.
   *
   * @param {() => void} changed
   */
  onChange(changed) {
    // The settings are a store, which every frontend has; without it, the next event tells.
    this.#settings?.$subscribe?.(() => {
      this.#noteChoice();
      changed();
    });
  }

  /**
   * Switch it off; returns the mode it was in, or null if it was off.
   *
   * @returns {Mode | null}
   */
  switchOff() {
    const name = this.on ? this.mode : undefined;
    const isOurs = name === LEGACY ? this.#wasUnchecked : this.#wasPlain;
    const settings = this.#settings;
    if (settings && settings.mode in OFF) this.#leave(settings);
    if (this.#legacyOn) this.#switchLegacy(false);
    return name === undefined ? null : { name, isOurs };
  }

  /** Switch it off, and let the next press of Run be one run; returns what `switchOff` returns. */
  switchToPlain() {
    const mode = this.switchOff();
    const settings = this.#settings;
    if (settings) this.#setMode(settings, PLAIN);
    return mode;
  }

  /**
   * Switch it back on in a mode returned by `switchOff`.
   *
   * @param {Mode} mode
   */
  switchOn({ name, isOurs }) {
    // What a person has chosen meanwhile is not this page's any more.
    this.#choose(name);
    if (name === LEGACY) this.#wasUnchecked &&= isOurs;
    else this.#wasPlain &&= isOurs;
  }

  /**
   * Switch it back on in a mode returned by `switchOff`, and queue prompts for some images.
   *
   * @param {Mode} mode
   * @param {number} images
   */
  goOn(mode, images) {
    this.switchOn(mode);
    // Run (On Change) queues nothing automatically until somebody changes something.
    return this.queueAgain(mode.name === ON_CHANGE ? images : 1);
  }

  /**
   * Show that Auto Queue has stopped. After an error or a refused prompt, ComfyUI queues nothing
   * more, but newer frontends still show Stop, and Run would take two clicks. In older ones the
   * next Run, of whichever workflow, would repeat; where this page has chosen that, it is one run
   * again.
   */
  showStopped() {
    const settings = this.#settings;
    const isRunning = settings?.mode === "instant-running";
    if (settings && (isRunning || (this.#wasPlain && settings.mode === "instant"))) this.#leave(settings);
    if (this.#wasUnchecked) this.#switchLegacy(false);
  }

  /**
   * Whether ComfyUI's page is sending prompts, or looks who is logged in before it does, as far as
   * the frontend tells.
   */
  get isSending() {
    return this.#app.processingQueue !== false;
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

  /** ComfyUI's name for Run (Instant) while it runs, in this frontend. */
  get #instant() {
    const mode = this.#settings?.mode ?? "";
    // The chosen mode tells. If it is another one, the Run button's menu does, unless it is hidden.
    if (mode.startsWith("instant")) this.#isNewer = mode !== "instant";
    this.#isNewer = Boolean(this.#page().querySelector(NEWER_MENU)) || this.#isNewer;
    return INSTANT[this.#isNewer ? 0 : 1];
  }

  /** Whether the old menu is on screen, which shows only the checkbox. */
  get #isOldMenu() {
    return Boolean(this.#page().getElementById("queue-button")?.getClientRects().length);
  }

  /** Queue one prompt, as with a batch count of 1; resolves once it is sent. */
  async queueOne() {
    await this.#app.queuePrompt(0, 1);
  }

  /** @param {string} mode */
  #choose(mode) {
    const settings = this.#settings;
    if (mode === LEGACY) {
      this.#wasUnchecked = !this.#legacyOn;
      this.#switchLegacy(true);
    } else if (settings) {
      this.#wasPlain = settings.mode === PLAIN;
      this.#setMode(settings, mode);
    }
  }

  /**
   * @param {{ mode: string }} settings
   * @param {string} mode
   */
  #setMode(settings, mode) {
    settings.mode = this.#set = mode;
  }

  /** The settings have changed: a mode that a person has chosen is no longer this page's. */
  #noteChoice() {
    if (this.#settings?.mode === this.#set) return;
    this.#wasPlain = false;
  }

  /**
   * Leave a mode that queues automatically. Newer frontends keep Run (Instant) chosen; where this
   * page has chosen it, the next press of Run is one run again, as before.
   *
   * @param {{ mode: string }} settings
   */
  #leave(settings) {
    this.#setMode(settings, this.#wasPlain ? PLAIN : OFF[settings.mode]);
    this.#wasPlain = false;
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
    if (!on) this.#wasUnchecked = false;
    this.#app.ui.autoQueueEnabled = on;
    // ComfyUI sets the checkbox and the flag separately, so this has to set both.
    const found = this.#page().getElementById("autoQueueCheckbox");
    const box = /** @type {HTMLInputElement | null} */ (found);
    if (box) box.checked = on;
  }
}
