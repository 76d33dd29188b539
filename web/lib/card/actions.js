import { explained } from "../errors.js";
import { Refused } from "../server.js";
import { t } from "../texts.js";
import { whichLoop } from "../which_loop.js";

/**
 * @import { Node, Toast } from "../../../types/comfyui.d.ts"
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { Screen } from "../screen.js"
 * @import { LoopServer } from "../server.js"
 * @import { Toasts } from "../toasts.js"
 * @import { FolderChooser } from "./folder_chooser.js"
 * @import { CardActions } from "./iterator_card.js"
 * @import { IteratorEntry } from "./iterator_entry.js"
 */

const LIFE_MS = 8_000;

/** What the buttons of the cards do. */
export class Actions {
  #server;
  #toasts;
  #screen;
  #chooser;
  #openReport;
  #stopWatching;

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Toasts} given.toasts
   * @param {Screen} given.screen
   * @param {FolderChooser} given.chooser
   * @param {(loop: string) => void} given.openReport
   * @param {() => void} given.stopWatching
   */
  constructor({ server, toasts, screen, chooser, openReport, stopWatching }) {
    this.#server = server;
    this.#toasts = toasts;
    this.#screen = screen;
    this.#chooser = chooser;
    this.#openReport = openReport;
    this.#stopWatching = stopWatching;
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
      choose: () => this.#choose(entry),
      startOver: () => this.#startOver(entry, changed),
      retry: () => this.#retry(entry, changed),
      skip: ({ buttons }) => this.#skip(entry, buttons.skip, changed),
      report: () => entry.loop && this.#openReport(entry.loop),
      stopWatching: () => this.#stopWatching(),
    };
  }

  /**
   * Show the node that failed.
   *
   * @param {string | null} nodeId - null where the image could not even be read
   * @param {Node | null} iterator - which is shown then
   */
  goTo(nodeId, iterator) {
    const node = nodeId === null ? iterator : this.#screen.find(nodeId);
    if (node) this.#screen.goTo(node);
    else this.#say("go to", "info", t("card.failures"), t("card.nodeGone"));
  }

  /** @param {IteratorEntry} entry */
  async #choose(entry) {
    entry.choose(true);
    try {
      await this.#chooser.choose(entry);
    } catch (error) {
      this.#refused("choose", t("card.choose.label"), error);
    } finally {
      entry.choose(false);
    }
  }

  /**
   * @param {IteratorEntry} entry
   * @param {() => void} changed
   */
  async #startOver(entry, changed) {
    const title = t("startOver.label");
    const which = whichLoop(entry.node, entry.loop);
    if (!which) {
      this.#say("start over", "info", title, t("startOver.runFirst"));
      return;
    }
    await this.#change("start over", title, changed, async () => {
      const { directory } = await this.#server.reset(which);
      return `${directory}\n${t("startOver.done")}`;
    });
  }

  /**
   * @param {IteratorEntry} entry
   * @param {() => void} changed
   */
  async #retry(entry, changed) {
    const { loop } = entry;
    if (!loop) return;
    const title = t("card.retry.title");
    await this.#change("retry", title, changed, async () => {
      const { directory } = await this.#server.retry({ loop });
      return `${directory}\n${t("card.retry.done")}`;
    });
  }

  /**
   * @param {IteratorEntry} entry
   * @param {Loop["stopped_on"]} image
   * @param {() => void} changed
   */
  async #skip(entry, image, changed) {
    const { loop } = entry;
    if (!loop || !image) return;
    const { path } = image;
    const title = t("card.skip.label");
    await this.#change("skip", title, changed, async () => {
      await this.#server.skip(loop, path);
      return t("card.skip.done", { path });
    });
  }

  /**
   * @param {string} key
   * @param {string} title
   * @param {() => void} changed
   * @param {() => Promise<string>} act - returns what to say
   */
  async #change(key, title, changed, act) {
    try {
      this.#say(key, "success", title, await act());
    } catch (error) {
      this.#refused(key, title, error);
    }
    changed();
  }

  /**
   * @param {string} key
   * @param {string} title
   * @param {unknown} error
   */
  #refused(key, title, error) {
    this.#say(key, error instanceof Refused ? "warn" : "error", title, explained(error));
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
