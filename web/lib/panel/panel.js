import { element, setText } from "../dom.js";
import { whyUntold } from "../errors.js";
import { SELDOM_MS } from "../poller.js";
import { LOOPS, loopOf, placeOf } from "../questions.js";
import { t } from "../texts.js";
import { Details } from "./details.js";
import { LoopList } from "./loop_list.js";

/**
 * @import { App } from "../../../types/comfyui.d.ts"
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { Changes } from "../changes.js"
 * @import { Poller } from "../poller.js"
 * @import { Answers } from "../questions.js"
 * @import { LoopServer } from "../server.js"
 * @import { Running } from "./details.js"
 */

const ID = "batch-loop";

/** The side panel "Batches": a list of all loops that the server knows, or one of them in full. */
export class Panel {
  #app;
  #server;
  #changes;
  #running;
  #changed;
  #makeBatch;
  #following;
  #isOpen = false;
  /** @type {LoopList | null} null until the panel is opened for the first time */
  #list = null;
  /** @type {Details | null} */
  #details = null;
  /** The loop that the user is looking at; null for the list. */
  #chosen = /** @type {string | null} */ (null);
  #root = element("div", "panel");
  #trouble = element("p", "trouble");
  #takeFocus = false;

  /**
   * @param {object} given
   * @param {App} given.app
   * @param {LoopServer} given.server
   * @param {Pick<Poller, "follow">} given.poller
   * @param {Changes} given.changes
   * @param {Running} given.running
   * @param {() => void} given.changed - called when the user has changed a loop here
   * @param {() => void} given.makeBatch - makes the workflow on screen a batch
   */
  constructor({ app, server, poller, changes, running, changed, makeBatch }) {
    this.#app = app;
    this.#server = server;
    this.#changes = changes;
    this.#running = running;
    this.#changed = changed;
    this.#makeBatch = makeBatch;
    this.#following = poller.follow({
      questions: () => (this.#isOpen ? [this.#question, ...this.#placeQuestion] : []),
      told: (answers) => this.#told(answers),
      idle: SELDOM_MS,
    });
  }

  /** The argument of `registerSidebarTab`. */
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
    // If the tab is already open, the command would close it.
    if (manager.sidebarTab?.activeSidebarTabId === ID) return;
    manager.command.execute(`Workspace.ToggleSidebarTab.${ID}`);
  }

  /**
   * Draw the panel; ComfyUI calls this more than once each time it is opened.
   *
   * @param {HTMLElement} place
   */
  #render(place) {
    if (this.#root.parentElement === place) return;
    place.classList.add("batch-loop-panel-place");
    place.replaceChildren(this.#root);
    if (!this.#list) {
      const { control, loopsHere } = this.#running;
      this.#list = new LoopList(
        (loop) => this.#go(loop),
        this.#makeBatch,
        () => {
          const here = new Set(loopsHere());
          return (loop) => control.placeOf(loop, { isHere: here.has(loop) });
        },
      );
      this.#trouble.setAttribute("role", "status");
      this.#trouble.hidden = true;
      this.#root.append(this.#trouble, this.#list.element);
      this.#list.element.hidden = this.#chosen !== null;
    }
    this.#isOpen = true;
    this.#following.again();
  }

  /** The mode of Run has changed: the buttons say what they do now. */
  modeChanged() {
    this.#details?.showAgain();
  }

  #destroy() {
    this.#isOpen = false;
    // Next time it opens with the list: the loop may have been forgotten by then.
    this.#choose(null);
    this.#root.remove();
  }

  /**
   * The user wants to see this now.
   *
   * @param {string | null} loop
   */
  #go(loop) {
    const before = this.#chosen;
    this.#choose(loop);
    if (loop === null) this.#list?.focus(before ?? undefined);
    this.#following.again();
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

  get #question() {
    return this.#chosen === null ? LOOPS : loopOf(this.#chosen);
  }

  /** Whether the loop's folder is there, unless it is at work. */
  get #placeQuestion() {
    const details = this.#details;
    return details?.id === this.#chosen && details.rests ? [placeOf(details.id)] : [];
  }

  /** @param {Answers} answers */
  #told(answers) {
    // Not checked earlier: ComfyUI has a tab drawn before it inserts it into the page.
    this.#isOpen = this.#root.isConnected;
    const place = this.#details && answers.get(placeOf(this.#details.id));
    if (place) this.#details?.showPlace(Boolean(place.value?.gone));
    const answer = answers.get(this.#question);
    if (!answer) return;
    this.#trouble.hidden = !answer.error;
    if (answer.error) setText(this.#trouble, whyUntold(answer.error));
    else if (this.#chosen === null) this.#list?.show(answer.value.loops, answer.value.now);
    else this.#showOne(answer.value);
  }

  /** @param {Loop | null} loop */
  #showOne(loop) {
    if (!loop) {
      this.#go(null); // it has been forgotten
      return;
    }
    const details = this.#details ?? this.#added(loop);
    details.show(loop);
    if (this.#takeFocus) details.focus();
    this.#takeFocus = false;
  }

  /** @param {Loop} loop */
  #added(loop) {
    this.#details = new Details({
      loop,
      server: this.#server,
      changes: this.#changes,
      running: this.#running,
      changed: () => {
        this.#following.again();
        this.#changed();
      },
      left: () => this.#go(null),
    });
    this.#root.append(this.#details.element);
    return this.#details;
  }
}
