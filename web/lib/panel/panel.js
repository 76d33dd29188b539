import { element, setText } from "../dom.js";
import { isAtWork } from "../standing.js";
import { t } from "../texts.js";
import { Details } from "./details.js";
import { Follow } from "./follow.js";
import { LoopList } from "./loop_list.js";

/**
 * @import { App } from "../../../types/comfyui.d.ts"
 * @import { Changes } from "../changes.js"
 * @import { LoopServer } from "../server.js"
 */

const ID = "batch-loop";

/** The side panel "Batches": every loop that the server knows, and one of them in full. */
export class Panel {
  #app;
  #server;
  #changes;
  #changed;
  #follow;
  /** @type {LoopList | null} null until the panel is opened for the first time */
  #list = null;
  /** @type {Details | null} */
  #details = null;
  /** The loop that a person wants to see; null for the list. */
  #chosen = /** @type {string | null} */ (null);
  #root = element("div", "panel");
  #trouble = element("p", "trouble");
  /** Prompts in which a node of this pack spoke. */
  #ours = new Set();
  #takeFocus = false;

  /**
   * @param {object} given
   * @param {App} given.app
   * @param {LoopServer} given.server
   * @param {Changes} given.changes
   * @param {() => void} given.changed - called when a person has changed a loop here
   */
  constructor({ app, server, changes, changed }) {
    this.#app = app;
    this.#server = server;
    this.#changes = changes;
    this.#changed = changed;
    this.#follow = new Follow({
      ask: () => this.#ask(),
      isShown: () => this.#root.isConnected,
    });
  }

  /** For `registerSidebarTab`. */
  get tab() {
    return {
      id: ID,
      icon: "pi pi-images",
      title: t("panel.title"),
      label: t("panel.title"),
      tooltip: t("panel.tooltip"),
      type: /** @type {const} */ ("custom"),
      render: (/** @type {HTMLElement} */ place) => this.#render(place),
      destroy: () => this.#destroy(),
    };
  }

  /**
   * Open the panel on a loop.
   *
   * @param {string} loop
   */
  open(loop) {
    this.#go(loop);
    const manager = this.#app.extensionManager;
    if (manager.focusMode) manager.toggleFocusMode?.();
    // The command would close the tab that is open already.
    if (manager.sidebarTab?.activeSidebarTabId === ID) return;
    manager.command.execute(`Workspace.ToggleSidebarTab.${ID}`);
  }

  /**
   * A node of this pack has spoken in a running prompt.
   *
   * @param {string} promptId
   */
  heard(promptId) {
    this.#ours.add(promptId);
    this.#follow.nudge();
  }

  /**
   * A prompt has ended.
   *
   * @param {string} promptId
   */
  ended(promptId) {
    if (this.#ours.delete(promptId)) this.#follow.nudge();
  }

  /**
   * ComfyUI calls this more than once for one opening.
   *
   * @param {HTMLElement} place
   */
  #render(place) {
    if (this.#root.parentElement === place) return;
    place.classList.add("batch-loop-panel-place");
    place.replaceChildren(this.#root);
    if (!this.#list) {
      this.#list = new LoopList((loop) => this.#go(loop));
      this.#trouble.setAttribute("role", "status");
      this.#trouble.hidden = true;
      this.#root.append(this.#trouble, this.#list.element);
      this.#list.element.hidden = this.#chosen !== null;
    }
    this.#follow.start();
  }

  #destroy() {
    this.#follow.stop();
    // It opens on the list the next time: the loop may be forgotten by then.
    this.#choose(null);
    this.#root.remove();
  }

  /**
   * A person wants to see this now.
   *
   * @param {string | null} loop
   */
  #go(loop) {
    const before = this.#chosen;
    this.#choose(loop);
    if (loop === null) this.#list?.focus(before ?? undefined);
    if (this.#root.isConnected) this.#follow.start();
  }

  /** @param {string | null} loop */
  #choose(loop) {
    this.#chosen = loop;
    this.#takeFocus = loop !== null;
    if (this.#details?.id !== loop) {
      this.#details?.close();
      this.#details = null;
    }
    if (this.#list) this.#list.element.hidden = loop !== null;
  }

  /** Ask for what is to be seen, and show it; gives whether anything runs. */
  async #ask() {
    try {
      const runs = this.#chosen === null ? await this.#askAll() : await this.#askOne(this.#chosen);
      this.#trouble.hidden = true;
      return runs;
    } catch {
      setText(this.#trouble, t("panel.unreachable"));
      this.#trouble.hidden = false;
      return false;
    }
  }

  async #askAll() {
    const { loops, now } = await this.#server.loops();
    this.#list?.show(loops, now);
    return loops.some(isAtWork);
  }

  /** @param {string} id */
  async #askOne(id) {
    const loop = await this.#server.loop(id);
    const runs = loop !== null && isAtWork(loop);
    if (this.#chosen !== id) return runs;
    if (!loop) {
      this.#go(null); // it was forgotten
      return false;
    }
    const details = this.#details ?? this.#added(loop);
    details.show(loop);
    if (this.#takeFocus) details.focus();
    this.#takeFocus = false;
    return runs;
  }

  /** @param {import("../../../types/server.d.ts").Loop} loop */
  #added(loop) {
    this.#details = new Details({
      loop,
      server: this.#server,
      changes: this.#changes,
      confirm: (title, message) =>
        this.#app.extensionManager.dialog.confirm({ title, message, type: "default" }),
      changed: () => {
        this.#follow.start();
        this.#changed();
      },
      left: () => this.#go(null),
    });
    this.#root.append(this.#details.element);
    return this.#details;
  }
}
