import { Refused } from "../requests.js";
import { t } from "../texts.js";
import { areFiles, placeIn, sourceOfNode } from "../iterators.js";
import { FolderBrowser, INPUT_FOLDER } from "./folder_browser.js";
import { widgetOf } from "./folder_settings.js";
import { LastPlace } from "./last_place.js";

/**
 * @import { App, Node, Widget } from "../../../types/comfyui.d.ts"
 * @import { Chosen } from "../../../types/server.d.ts"
 * @import { Source } from "../iterators.js"
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

/** The pack's own images and film, as templates name them: nobody's folder is near. */
const EXAMPLES = ["batch-loop/examples/images", "batch-loop/examples/films/balloons.mp4"];

/** HTTP statuses if the server has no dialog after all, or may not open one for this page. */
const WITHOUT_DIALOG = [403, 501];

/**
 * Lets the user choose the folder of an iterator: in the operating system's dialog if page and
 * server are on the same machine, otherwise from the allowed folders; and the file of a Row
 * Iterator or a Frame Iterator, always from there.
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
   * Ask for a folder and write it into the node's `directory`, or for a file and write it into its
   * place; resolves to a warning about the choice, or "".
   *
   * @param {Pick<IteratorEntry, "node" | "directory">} entry
   * @param {object} [more]
   * @param {Meanwhile} [more.meanwhile]
   * @param {() => Promise<boolean>} [more.isWanted] - asked last, if another folder was chosen
   */
  async choose({ node, directory }, { meanwhile = (choice) => choice, isWanted = async () => true } = {}) {
    const widget = widgetOf(node, placeIn(node));
    const source = sourceOfNode(node);
    const start = EXAMPLES.includes(String(widget?.value)) ? null : directory;
    const recursive = widgetOf(node, "recursive")?.value === true;
    const chosen = await (areFiles(source)
      ? this.#ask({ start, recursive, source }, meanwhile)
      : this.#askFile(start, source));
    const { written } = chosen;
    if (!written) return "";
    const isSame = written === widget?.value || isKnownAs(directory, chosen);
    if (!isSame && !(await isWanted())) return "";
    this.#write(node, widget, written);
    return chosen.holds_comfyui ? t("browser.holdsComfyUI") : "";
  }

  /**
   * @param {{ start: string | null, recursive: boolean, source: Source }} options
   * @param {Meanwhile} meanwhile
   * @returns {Promise<Pick<Chosen, "directory" | "written" | "holds_comfyui">>} - without the full
   *   path if it is not known
   */
  async #ask({ start, recursive, source }, meanwhile) {
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
    return this.#browse({ starts: [start, last], chooser, recursive, source });
  }

  /**
   * @param {string | null} file - the full path of the one that is chosen now
   * @param {Source} source
   */
  async #askFile(file, source) {
    const chooser = await this.#server.chooser();
    const starts = [file && folderAround(file), this.#lastPlace.get()];
    return this.#browse({ starts, chooser, source });
  }

  /**
   * The window shows its warning before the choice.
   *
   * @param {Omit<Options, "server">} options
   */
  async #browse(options) {
    const choice = await this.#openBrowser({ server: this.#server, ...options });
    if (choice) this.#lastPlace.set(choice.place);
    return { directory: null, written: choice?.written ?? "", holds_comfyui: false };
  }

  /**
   * @param {Node} node
   * @param {Widget | undefined} widget
   * @param {string} written
   */
  #write(node, widget, written) {
    if (!widget) return;
    widget.value = written;
    widget.callback?.(written, this.#app.canvas, node);
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

/**
 * The folder that a file is in; null for what is no path.
 *
 * @param {string} file
 */
function folderAround(file) {
  const end = file.search(/[\\/][^\\/]*$/);
  return end === -1 ? null : file.slice(0, Math.max(end, 1));
}
