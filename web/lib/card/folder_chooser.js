import { Refused } from "../server.js";
import { t } from "../texts.js";
import { FolderBrowser } from "./folder_browser.js";
import { widgetOf } from "./folder_settings.js";

/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 * @import { Chosen } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Options } from "./folder_browser.js"
 * @import { IteratorEntry } from "./iterator_entry.js"
 */

/** HTTP statuses if the server has no dialog after all, or may not open one for this page. */
const WITHOUT_DIALOG = [403, 501];

/**
 * Lets the user choose a Directory Iterator's folder: in the operating system's dialog if page and
 * server are on the same machine, otherwise from the allowed folders.
 */
export class FolderChooser {
  #app;
  #server;
  #openBrowser;

  /**
   * @param {object} given
   * @param {App} given.app
   * @param {LoopServer} given.server
   * @param {(options: Options) => Promise<string | null>} [given.openBrowser]
   */
  constructor({ app, server, openBrowser = (options) => new FolderBrowser(options).choose() }) {
    this.#app = app;
    this.#server = server;
    this.#openBrowser = openBrowser;
  }

  /**
   * Ask for a folder and write it into the node's `directory`; resolves to a warning about the
   * choice, or "".
   *
   * @param {Pick<IteratorEntry, "node" | "directory">} entry
   */
  async choose({ node, directory }) {
    const chosen = await this.#ask(directory);
    if (chosen.directory !== null) this.#write(node, chosen.directory);
    return chosen.holds_comfyui ? t("browser.holdsComfyUI") : "";
  }

  /**
   * @param {string | null} start
   * @returns {Promise<Chosen>}
   */
  async #ask(start) {
    const chooser = await this.#server.chooser();
    if (chooser.dialog) {
      try {
        return await this.#server.choose(start ?? undefined);
      } catch (error) {
        if (!(error instanceof Refused && WITHOUT_DIALOG.includes(error.status))) throw error;
      }
    }
    // The window already showed its warning before the choice.
    const directory = await this.#openBrowser({ server: this.#server, start, chooser });
    return { directory, holds_comfyui: false };
  }

  /**
   * @param {Node} node
   * @param {string} directory
   */
  #write(node, directory) {
    const widget = widgetOf(node, "directory");
    if (!widget) return;
    widget.value = directory;
    widget.callback?.(directory, this.#app.canvas, node);
    node.graph?.setDirtyCanvas(true, true);
  }
}
