import { Refused } from "../server.js";
import { isAtWork } from "../standing.js";
import { folderSettings, isLinked } from "./folder_settings.js";
import { iteratorModel } from "./model.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { Current, Folder, FolderSettings, Loop } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 * @import { IteratorCard } from "./iterator_card.js"
 */

/**
 * Asks for a loop's state: null where there is none, undefined where the server does not answer.
 *
 * @typedef {(loop: string) => Promise<Loop | null | undefined>} StateOf
 */

/** What is known of one Directory Iterator, and shown on its card. */
export class IteratorEntry {
  #card;
  #server;
  /** The settings for which the folder was looked into, as text; "" for none. */
  #key = "";
  #isStale = false;
  /** @type {Folder | null} */
  #folder = null;
  /** @type {Refused | null} */
  #refusal = null;
  /** @type {Loop | null} */
  #state = null;
  /**
   * The loop that the node spoke of last, and the settings that it had then.
   *
   * @type {{ loop: string, key: string } | null}
   */
  #heard = null;
  /**
   * The image that was under way last, while the loop is at work.
   *
   * @type {Current | null}
   */
  #last = null;
  #watching = false;
  #choosing = false;

  /**
   * @param {object} given
   * @param {Node} given.node
   * @param {Pick<IteratorCard, "show">} given.card
   * @param {Pick<LoopServer, "folder">} given.server
   */
  constructor({ node, card, server }) {
    this.node = node;
    this.#card = card;
    this.#server = server;
  }

  /** The loop's id, as far as it is known that it has run. */
  get loop() {
    const named = this.#named;
    return this.#state?.id === named ? named : null;
  }

  /** The id of the loop that the settings name, whether or not it has run. */
  get #named() {
    const key = JSON.stringify(folderSettings(this.node));
    if (this.#heard?.key === key) return this.#heard.loop;
    return this.#key === key ? (this.#folder?.loop ?? null) : null;
  }

  /** The folder's full path, where the server has told it. */
  get directory() {
    return this.#folder?.directory ?? null;
  }

  /**
   * The node has spoken of this loop.
   *
   * @param {string} loop
   */
  heard(loop) {
    this.#heard = { loop, key: JSON.stringify(folderSettings(this.node)) };
  }

  /** At the next look, the folder is looked into though the settings are the same. */
  lookIntoFolderAgain() {
    this.#isStale = true;
  }

  /**
   * Whether the folder is watched for new images by this page.
   *
   * @param {boolean} watching
   */
  watch(watching) {
    this.#watching = watching;
    this.show();
  }

  /**
   * Whether a person is about to choose a folder.
   *
   * @param {boolean} choosing
   */
  choose(choosing) {
    this.#choosing = choosing;
    this.show();
  }

  /**
   * Ask the server, and show it; returns whether something is under way.
   *
   * @param {StateOf} stateOf
   */
  async look(stateOf) {
    await this.#lookIntoFolder(folderSettings(this.node));
    const named = this.#named;
    const state = named ? await stateOf(named) : null;
    if (state !== undefined) this.#note(state);
    this.show();
    return this.#state !== null && isAtWork(this.#state);
  }

  /** Show what is known. */
  show() {
    const model = iteratorModel({
      settings: folderSettings(this.node),
      canChoose: !isLinked(this.node, ["directory"]),
      folder: this.#folder,
      refusal: this.#refusal,
      state: this.#state,
      last: this.#last,
    });
    const { loop } = this;
    this.#card.show(model, { loop, watching: this.#watching, choosing: this.#choosing });
  }

  /** @param {FolderSettings | null} settings */
  async #lookIntoFolder(settings) {
    const key = JSON.stringify(settings);
    if (key === this.#key && !this.#isStale) return;
    if (key !== this.#key) this.#folder = this.#refusal = null;
    this.#key = key;
    this.#isStale = false;
    if (!settings?.directory) return;
    try {
      const folder = await this.#server.folder(settings);
      if (this.#key === key) [this.#folder, this.#refusal] = [folder, null];
    } catch (error) {
      // A server that is away tells nothing; the next look may find it again.
      if (!(error instanceof Refused)) this.#isStale = true;
      else if (this.#key === key) [this.#folder, this.#refusal] = [null, error];
    }
  }

  /** @param {Loop | null} state */
  #note(state) {
    // At the end the folder may hold more than at the beginning.
    if (state?.complete && this.#state && !this.#state.complete) this.#isStale = true;
    this.#state = state;
    this.#last = state && isAtWork(state) ? (state.current[0] ?? this.#last) : null;
  }
}
