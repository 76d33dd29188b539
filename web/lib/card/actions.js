import { explained } from "../errors.js";
import { sourceOf } from "../items.js";
import { Refused } from "../requests.js";
import { t, textsOf } from "../texts.js";
import { namesOf } from "../words.js";
import { folderSettings, isNamedByServer, whichLoop } from "./folder_settings.js";

/**
 * @import { Node, Toast } from "../../../types/comfyui.d.ts"
 * @import { Failure, ItemSettings, Loop } from "../../../types/server.d.ts"
 * @import { Changes } from "../changes.js"
 * @import { ask } from "../question.js"
 * @import { Screen } from "../screen.js"
 * @import { Toasts } from "../toasts.js"
 * @import { FolderChooser } from "./folder_chooser.js"
 * @import { CardActions } from "./iterator_card_element.js"
 * @import { IteratorEntry } from "./iterator_entry.js"
 * @import { RunAction, RunControl } from "../run_control.js"
 */

const LIFE_MS = 8_000;

/** The actions of the cards' buttons. */
export class Actions {
  #ask;
  #changes;
  #toasts;
  #screen;
  #chooser;
  #chooseItem;
  #openReport;
  #stopWatching;
  #runControl;

  /**
   * @param {object} given
   * @param {typeof ask} given.ask - asks the user
   * @param {Changes} given.changes
   * @param {Toasts} given.toasts
   * @param {Screen} given.screen
   * @param {FolderChooser} given.chooser
   * @param {(settings: ItemSettings) => Promise<string | null>} given.chooseItem - has a person
   *   choose an item to try
   * @param {(loop: string) => void} given.openReport
   * @param {() => void} given.stopWatching
   * @param {RunControl} given.runControl
   */
  constructor({ ask, changes, toasts, screen, chooser, chooseItem, openReport, stopWatching, runControl }) {
    this.#ask = ask;
    this.#changes = changes;
    this.#toasts = toasts;
    this.#screen = screen;
    this.#chooser = chooser;
    this.#chooseItem = chooseItem;
    this.#openReport = openReport;
    this.#stopWatching = stopWatching;
    this.#runControl = runControl;
  }

  /**
   * The actions of a Directory Iterator's card.
   *
   * @param {IteratorEntry} entry
   * @param {() => void} changed - called when the loop may have changed
   * @returns {CardActions}
   */
  of(entry, changed) {
    return {
      run: ({ buttons }) => this.#run(entry, buttons.run),
      tryOne: ({ buttons }) => this.#tryOne(entry, buttons.tries),
      tryWhich: () => this.#tryWhich(entry),
      choose: () => this.#choose(entry),
      startOver: ({ buttons }) => this.#startOver(entry, buttons.undo, changed),
      retry: () => this.#retry(entry, changed),
      skip: ({ buttons }) => this.#skip(entry, buttons.skip, changed),
      report: () => entry.loop && this.#openReport(entry.loop),
      stopWatching: () => this.#stopWatching(),
    };
  }

  /**
   * Show the node that failed.
   *
   * @param {Failure} failure
   * @param {Node | null} iterator - shown instead if the image, or what goes with it, could not
   *   even be read
   */
  goTo({ unreadable, node_id: nodeId }, iterator) {
    const node = unreadable || nodeId === null ? iterator : this.#screen.find(nodeId);
    if (node) this.#screen.goTo(node);
    else this.#say("go to", "info", t("card.failures"), t("card.nodeGone"));
  }

  /** @param {IteratorEntry} entry */
  async #choose(entry) {
    entry.choose(true);
    try {
      const warning = await this.#chooser.choose(entry, { isWanted: () => this.#mayLeave(entry) });
      if (warning) this.#say("choose", "warn", t("card.choose.label"), warning);
    } catch (error) {
      const severity = error instanceof Refused ? "warn" : "error";
      this.#say("choose", severity, t("card.choose.label"), explained(error));
    } finally {
      entry.choose(false);
    }
  }

  /**
   * Whether a person wants another folder, even if this page goes on with the batch of this one.
   *
   * @param {IteratorEntry} entry
   */
  async #mayLeave({ loop, state }) {
    if (!state || !this.#runControl.goesOn(loop, { isHere: true })) return true;
    if (this.#runControl.awaits(loop)) {
      // Nothing is being done that could stop, and the new folder is another one to watch.
      await this.#runControl.pause(loop, { isHere: true });
      return true;
    }
    const { directory, done, failed, total } = state;
    const say = textsOf(state);
    const sure = say("card.change.sure", { settled: done + failed, total });
    const message = [sourceOf(directory), namesOf(state), sure].filter(Boolean).join("\n");
    return this.#ask({ title: say("card.change.question"), message, yes: say("card.change.yes") });
  }

  /**
   * @param {IteratorEntry} entry
   * @param {RunAction} action
   */
  async #run({ loop }, action) {
    if (action === "pause") await this.#runControl.pause(loop, { isHere: true });
    else await this.#runControl.start(loop);
  }

  /**
   * @param {IteratorEntry} entry
   * @param {string | null} path
   */
  async #tryOne({ node }, path) {
    if (path !== null) await this.#runControl.tryOne(node, path);
  }

  /** @param {IteratorEntry} entry */
  async #tryWhich({ node }) {
    const settings = folderSettings(node);
    const path = settings && (await this.#chooseItem(settings));
    if (path) await this.#runControl.tryOne(node, path);
  }

  /**
   * @param {IteratorEntry} entry
   * @param {boolean} undo - whether the last Start over is to be taken back
   * @param {() => void} changed
   */
  async #startOver(entry, undo, changed) {
    if (undo && entry.loop) {
      await this.#changes.undo(entry.loop);
      changed();
      return;
    }
    const which = whichLoop(entry.node, isNamedByServer(entry.node) ? entry.named : entry.loop);
    if (!which) {
      this.#say("startOver", "info", t("startOver.title"), t("startOver.runFirst"));
      return;
    }
    // The folder has just been changed, so nobody knows yet what would be lost.
    const isUnknown = entry.state === null && folderSettings(entry.node) !== null;
    if (isUnknown) return;
    await this.#changes.startOver(which, entry.state);
    changed();
  }

  /**
   * @param {IteratorEntry} entry
   * @param {() => void} changed
   */
  async #retry({ loop }, changed) {
    if (!loop) return;
    await this.#changes.retry(loop);
    changed();
  }

  /**
   * @param {IteratorEntry} entry
   * @param {Loop["stopped_on"]} image
   * @param {() => void} changed
   */
  async #skip({ loop }, image, changed) {
    if (!loop || !image) return;
    await this.#changes.skip(loop, image);
    changed();
  }

  /**
   * @param {string} key
   * @param {Toast["severity"]} severity
   * @param {string} summary
   * @param {string} detail
   */
  #say(key, severity, summary, detail) {
    this.#toasts.show(key, { severity, summary, detail, life: LIFE_MS });
  }
}
