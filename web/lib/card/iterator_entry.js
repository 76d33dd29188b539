import { isAtWork } from "../figures.js";
import { folderOf, loopOf } from "../poller.js";
import { Refused } from "../server.js";
import { folderSettings, isLinked } from "./folder_settings.js";
import { iteratorModel } from "./model.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { Current, Folder, Loop } from "../../../types/server.d.ts"
 * @import { Answer, Answers, Question } from "../poller.js"
 * @import { IteratorCard } from "./iterator_card.js"
 */

/** What is known of one Directory Iterator, and shown on its card. */
export class IteratorEntry {
  #card;
  /**
   * What was asked of the folder that the rest is known of.
   *
   * @type {Question | null}
   */
  #known = null;
  /** @type {Folder | null} */
  #folder = null;
  /** @type {Refused | null} */
  #refusal = null;
  /** The loop that was asked for last. */
  #asked = "";
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
   */
  constructor({ node, card }) {
    this.node = node;
    this.#card = card;
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
    return this.folderQuestion === this.#known ? (this.#folder?.loop ?? null) : null;
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

  /** What is to be asked of the folder; null where the node names none. */
  get folderQuestion() {
    const settings = folderSettings(this.node);
    return settings?.directory ? folderOf(settings) : null;
  }

  /** What is to be asked, as things stand. */
  get questions() {
    const named = this.#named;
    return [this.folderQuestion, named && loopOf(named)].filter((each) => each !== null);
  }

  /**
   * The server has answered; returns whether the folder may hold something else now.
   *
   * @param {Answers} answers
   */
  told(answers) {
    // Until what is asked for is known, what is shown of something else does no harm.
    const question = this.folderQuestion;
    if (question && question !== this.#known && !answers.has(question)) return false;
    this.#noteFolder(question, question ? answers.get(question) : undefined);
    const named = this.#named;
    const state = named ? answers.get(loopOf(named)) : { value: null };
    if (named && state) this.#asked = named;
    if (named && this.#asked !== named) return false;
    const isNews = Boolean(state && !state.error && this.#note(state.value));
    this.show();
    return isNews;
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

  /**
   * @param {Question | null} question
   * @param {Answer} [answer]
   */
  #noteFolder(question, { value, error } = {}) {
    if (question !== this.#known) this.#folder = this.#refusal = null;
    this.#known = question;
    if (value) [this.#folder, this.#refusal] = [value, null];
    // A server that is away tells nothing.
    else if (error instanceof Refused) [this.#folder, this.#refusal] = [null, error];
  }

  /**
   * @param {Loop | null} state
   * @returns {boolean} whether its batch has become complete: the folder may hold more than at its
   *   beginning
   */
  #note(state) {
    const isOver = Boolean(state?.complete && this.#state && !this.#state.complete);
    this.#state = state;
    this.#last = state && isAtWork(state) ? (state.current[0] ?? this.#last) : null;
    return isOver;
  }
}
