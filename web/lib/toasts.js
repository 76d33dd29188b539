/** @import { App, NewerToasts, OlderToasts, Toast } from "../../types/comfyui.d.ts" */

/** @type {{ [severity in Toast["severity"]]: "success" | "info" | "warning" | "error" }} */
const KINDS = { success: "success", info: "info", warn: "warning", error: "error" };
const SIGNS_OF_LIFE = ["pointermove", "pointerdown", "keydown"];

/** Messages in the corner of the screen; a new one replaces an old one with the same key. */
export class Toasts {
  #app;
  /** @type {Map<string, Toast>} */
  #shown = new Map();

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
  }

  /**
   * Show a message for `life` ms, or, without it, until it is closed, replaced or hidden.
   *
   * @param {string} key
   * @param {Toast} message
   */
  show(key, { severity, summary, detail, life }) {
    this.hide(key);
    const message = { severity, summary, detail, life };
    this.#shown.set(key, message);
    const manager = this.#app.extensionManager.toast;
    if (replacesById(manager)) {
      manager[KINDS[severity]](summary, { id: idOf(key), description: detail, duration: life });
    } else {
      manager.add(message);
    }
  }

  /**
   * Show a message until somebody has seen it, so that users who walked away from a batch find it
   * when they come back. It disappears `life` ms after that, as it covers ComfyUI's own buttons.
   *
   * @param {string} key
   * @param {Toast} message
   * @param {number} life
   */
  showUntilSeen(key, message, life) {
    this.show(key, message);
    const shown = this.#shown.get(key);
    const seen = new AbortController();
    for (const sign of SIGNS_OF_LIFE) {
      window.addEventListener(
        sign,
        () => {
          seen.abort();
          setTimeout(() => this.#shown.get(key) === shown && this.hide(key), life);
        },
        { signal: seen.signal, capture: true, passive: true },
      );
    }
  }

  /**
   * Remove a message, if it is still there.
   *
   * @param {string} key
   */
  hide(key) {
    const message = this.#shown.get(key);
    if (!message) return;
    this.#shown.delete(key);
    const manager = this.#app.extensionManager.toast;
    if (replacesById(manager)) manager.dismiss(idOf(key));
    else manager.remove?.(message);
  }
}

/**
 * Newer frontends identify a toast by an id from the caller, older ones by its message object.
 *
 * @param {OlderToasts | NewerToasts} manager
 * @returns {manager is NewerToasts}
 */
function replacesById(manager) {
  return "dismiss" in manager && "warning" in manager;
}

/** @param {string} key */
function idOf(key) {
  return `batch-loop:${key}`;
}
