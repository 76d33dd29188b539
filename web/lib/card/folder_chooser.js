import { Refused } from "../requests.js";
import { t } from "../texts.js";
import { FolderBrowser, INPUT_FOLDER } from "./folder_browser.js";
import { widgetOf } from "./folder_settings.js";
import { LastPlace } from "./last_place.js";

/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 * @import { Chosen } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { Choice, Options } from "./folder_browser.js"
 * @import { IteratorEntry } from "./iterator_entry.js"
 */

/**
 * What the page does while the operating system's dialog is open; resolves to the choice, or to
 * null if the user does not wait for it.
 *
 * @typedef {(choice: Promise<Chosen>) => Promise<Chosen | null>} Meanwhile
 */

/** @type {Chosen} */
const NOTHING = { directory: null, parent: null, written: "", holds_comfyui: false };

/** The pack's own images, as templates name them: nobody's folder is near. */
const EXAMPLES = "batch-loop/examples/images";

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
  #lastPlace;

  /**
   * @param {object} given
   * @param {App} given.app
   * @param {LoopServer} given.server
   * @param {(options: Options) => Promise<Choice | null>} [given.openBrowser]
   * @param {Pick<LastPlace, "get" | "set">} [given.lastPlace]
   */
  constructor({
    app,
    server,
    openBrowser = (options) => new FolderBrowser(options).choose(),
    lastPlace = new LastPlace(),
  }) {
    this.#app = app;
    this.#server = server;
    this.#openBrowser = openBrowser;
    this.#lastPlace = lastPlace;
  }

  /**
   * Ask for a folder and write it into the node's `directory`; resolves to a warning about the
   * choice, or "".
   *
   * @param {Pick<IteratorEntry, "node" | "directory">} entry
   * @param {object} [more]
   * @param {Meanwhile} [more.meanwhile]
   * @param {() => Promise<boolean>} [more.isWanted] - asked last, if another folder was chosen
   */
  async choose({ node, directory }, { meanwhile = (choice) => choice, isWanted = async () => true } = {}) {
    const isExample = widgetOf(node, "directory")?.value === EXAMPLES;
    const recursive = widgetOf(node, "recursive")?.value === true;
    const chosen = await this.#ask({ start: isExample ? null : directory, recursive }, meanwhile);
    const { written } = chosen;
    if (!written) return "";
    const isSame = written === widgetOf(node, "directory")?.value || isKnownAs(directory, chosen);
    if (!isSame && !(await isWanted())) return "";
    this.#write(node, written);
    return chosen.holds_comfyui ? t("browser.holdsComfyUI") : "";
  }

  /**
   * @param {{ start: string | null, recursive: boolean }} options
   * @param {Meanwhile} meanwhile
   * @returns {Promise<Pick<Chosen, "directory" | "written" | "holds_comfyui">>} - without the full
   *   path if it is not known
   */
  async #ask({ start, recursive }, meanwhile) {
    const chooser = await this.#server.chooser();
    const last = this.#lastPlace.get();
    if (chooser.dialog) {
      try {
        const answer = this.#server.choose(start ?? last ?? INPUT_FOLDER);
        const chosen = (await meanwhile(answer)) ?? NOTHING;
        if (chosen.parent) this.#lastPlace.set(chosen.parent);
        return chosen;
      } catch (error) {
        if (!(error instanceof Refused && WITHOUT_DIALOG.includes(error.status))) throw error;
      }
    }
    // The window already showed its warning before the choice.
    const starts = [start, last];
    const choice = await this.#openBrowser({ server: this.#server, starts, chooser, recursive });
    if (choice) this.#lastPlace.set(choice.place);
    return { directory: null, written: choice?.written ?? "", holds_comfyui: false };
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

/**
 * Whether a folder's full path is known, and is that of the one that was chosen.
 *
 * @param {string | null} directory
 * @param {Pick<Chosen, "directory">} chosen
 */
function isKnownAs(directory, chosen) {
  return directory !== null && chosen.directory === directory;
}
