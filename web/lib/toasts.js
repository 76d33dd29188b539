const KINDS = { success: "success", info: "info", warn: "warning", error: "error" };

/** Messages in the corner of the screen; a new one under the same key takes the old one's place. */
export class Toasts {
  #app;
  #shown = new Map();

  constructor(app) {
    this.#app = app;
  }

  /** Show a message; without `life` (ms) it stays until it is closed or replaced. */
  show(key, { severity, summary, detail, life }) {
    this.hide(key);
    const manager = this.#app.extensionManager.toast;
    if (replacesById(manager)) {
      manager[KINDS[severity]](summary, { id: idOf(key), description: detail, duration: life });
      return;
    }
    const message = { severity, summary, detail, life };
    this.#shown.set(key, message);
    manager.add(message);
  }

  /** Take a message away, if it is still there. */
  hide(key) {
    const manager = this.#app.extensionManager.toast;
    if (replacesById(manager)) {
      manager.dismiss(idOf(key));
      return;
    }
    const message = this.#shown.get(key);
    this.#shown.delete(key);
    if (message) manager.remove?.(message);
  }
}

/** Newer frontends know a toast by an id of the caller's, older ones by its message object. */
function replacesById(manager) {
  return typeof manager.dismiss === "function" && typeof manager.warning === "function";
}

function idOf(key) {
  return `batch-loop:${key}`;
}
