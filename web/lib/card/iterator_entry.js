import { isAtWork } from "../figures.js";
import { folderOf, loopOf } from "../questions.js";
import { placeIn, sourceOfNode } from "../iterators.js";
import { Refused, isFinal } from "../requests.js";
import {
  folderSettings,
  isChosen,
  isLinked,
  leavesText,
  skipsFinished,
  widgetOf,
} from "./folder_settings.js";
import { NOWHERE } from "../result_folder.js";
import { OtherTab } from "./other_tab.js";
import { ResultPlace } from "./result_place.js";
import { iteratorModel } from "./texts_and_buttons.js";
import { variantsOf } from "./variants.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { Current, Folder, Loop, Table } from "../../../types/server.d.ts"
 * @import { Answer, Answers, Question } from "../questions.js"
 * @import { Named } from "../items.js"
 * @import { ResultFolder } from "../result_folder.js"
 * @import { CardsAsk, RunControl } from "../run_control.js"
 * @import { Tried } from "./texts_and_buttons.js"
 * @import { IteratorCard } from "./iterator_card_element.js"
 * @typedef {Pick<Current, "index" | "path"> & { title?: string }} HandedOut - an item
 */

/** Values of the settings that say what a Run does with the results of earlier ones. */
const CONTINUE = "Continue";
const START_OVER = "Start over";
const WATCH = "Watch";

/** Everything known about one Directory Iterator, as shown on its card. */
export class IteratorEntry {
  #card;
  #runControl;
  /**
   * The question about the folder that `#folder` and `#refusal` answer.
   *
   * @type {Question | null}
   */
  #known = null;
  /**
   * The last answer to it.
   *
   * @type {Answer | null}
   */
  #taken = null;
  /** @type {Folder | Table | null} */
  #folder = null;
  /** Whether the batch has run since: then the folder may have become what the batch has found. */
  #isFolderOld = false;
  /** @type {Refused | null} */
  #refusal = null;
  /**
   * The loop of that folder, even after the folder has gone.
   *
   * @type {string | null}
   */
  #ofFolder = null;
  /** The loop that was last asked about. */
  #asked = "";
  /** @type {Loop | null} */
  #state = null;
  /** The error with which the server did not tell that when it was last asked; null if it did. */
  #trouble = /** @type {unknown} */ (null);
  /** The settings with which the last prompt was sent; null if this page has not seen that. */
  #sentWith = /** @type {string | null} */ (null);
  /**
   * The loop that the node last reported on, its settings at the time, the image that it handed
   * out, null if it did not, and the prompt.
   *
   * @type {{ loop: string, key: string, image: HandedOut | null, prompt: string } | null}
   */
  #heard = null;
  /** Whether that prompt has ended by itself: a Cancel came too late for it, if one did. */
  #hasEnded = false;
  /**
   * The image that was last in progress, while the loop is at work.
   *
   * @type {HandedOut | null}
   */
  #last = null;
  /**
   * The image that the node has handed out since the server was last heard; null if none.
   *
   * @type {HandedOut | null}
   */
  #next = null;
  /**
   * Answers that were not shown yet, as another one is still to come. None of them comes twice.
   *
   * @type {Answers}
   */
  #waiting = new Map();
  /** Whether it was seen to run, and not yet to have ended. */
  #runs = false;
  /** The loop that this page went on with when that was last looked at; "" for none. */
  #goneOnWith = "";
  /** The loop that this page has gone on with, and then was paused; "" for none. */
  #paused = "";
  /**
   * Whether the server has been heard since this page ceased to go on: before that, it may have
   * ceased as the batch is complete.
   */
  #hasAnswered = true;
  /** Whether the batch was paused, and the image that this page had in progress then still is. */
  #isLast = false;
  /** Whether that image was cancelled. */
  #isCancelled = false;
  /** When it was handed out, as the server says; null if that was not seen. */
  #lastSince = /** @type {number | null} */ (null);
  /**
   * The image that was tried last, in which prompt, and with which settings of the node.
   *
   * @type {(Tried & { prompt: string, key: string }) | null}
   */
  #tried = null;
  #results;
  #otherTab;
  #watching = false;
  #choosing = false;

  /**
   * @param {object} given
   * @param {Node} given.node
   * @param {Pick<IteratorCard, "show">} given.card
   * @param {Pick<RunControl, CardsAsk>} given.runControl
   * @param {(loop: string) => Promise<ResultFolder>} [given.resultsOf] - the folder with a loop's
   *   results
   * @param {(loop: string) => Promise<boolean>} [given.isElsewhere] - whether another tab runs it
   */
  constructor({ node, card, runControl, resultsOf = async () => NOWHERE, isElsewhere = async () => false }) {
    this.#results = new ResultPlace(resultsOf, () => this.show());
    this.#otherTab = new OtherTab(isElsewhere, () => this.show());
    this.node = node;
    this.#card = card;
    this.#runControl = runControl;
  }

  /** The loop's id, if it is known to have run. */
  get loop() {
    return this.state?.id ?? null;
  }

  /** The last known state of that loop. */
  get state() {
    return this.#state?.id === this.named ? this.#state : null;
  }

  /** The id of the loop that the settings stand for, whether or not it has run. */
  get named() {
    const named = this.#namedByServer;
    if (named !== null) return named;
    return this.#heard?.key === this.#key ? this.#heard.loop : null;
  }

  /** The same, as the server has told; null if it has not. */
  get #namedByServer() {
    return this.folderQuestion === this.#known ? this.#ofFolder : null;
  }

  /** The settings, to compare. */
  get #key() {
    return JSON.stringify(folderSettings(this.node));
  }

  /** The full path of the folder or the table, if the server has told it. */
  get directory() {
    return this.#folder?.directory ?? null;
  }

  /** The table of a Row Iterator, as far as it is known. @returns {Table | null} */
  get table() {
    return this.#folder && "columns" in this.#folder ? this.#folder : null;
  }

  /** A prompt is about to be sent: the settings may be others by the time that it reports. */
  sending() {
    this.#sentWith = this.#key;
  }

  /**
   * The node has reported on this loop.
   *
   * @param {string} loop
   * @param {HandedOut | null} [image] - that it has handed out; null if it has not
   * @param {string} [prompt] - the id of the prompt
   */
  heard(loop, image = null, prompt = "") {
    const key = this.#key;
    const named = this.#namedByServer ?? ((this.#sentWith ?? key) === key ? loop : null);
    if (named !== loop) return; // it was sent with another folder
    this.#heard = { loop, key, image, prompt };
    this.#hasEnded = false;
    this.#next = image;
    this.#refusal = null; // it has run since
    this.#tried = null;
    this.#runs = true;
  }

  /**
   * The node has handed out an image to be tried.
   *
   * @param {Named} item
   * @param {string} prompt - the id of the prompt that tries it
   */
  tries({ path, title }, prompt) {
    this.#tried = { path, title, how: "running", prompt, key: this.#sentWith ?? this.#key };
    this.show();
  }

  /**
   * A prompt has ended, which may be a trial.
   *
   * @param {string} prompt
   * @param {"done" | "failed" | null} how - null if it was interrupted
   */
  ended(prompt, how) {
    if (how && this.#heard?.prompt === prompt) this.#hasEnded = true;
    if (this.#tried?.prompt !== prompt) return;
    this.#tried = how && { ...this.#tried, how };
    this.show();
  }

  /**
   * Set whether this page watches the folder for new images.
   *
   * @param {boolean} watching
   */
  watch(watching) {
    this.#watching = watching;
    this.show();
  }

  /**
   * Set whether the user is choosing a folder.
   *
   * @param {boolean} choosing
   */
  choose(choosing) {
    this.#choosing = choosing;
    this.show();
  }

  /** The question about the folder; null if the node has none. */
  get folderQuestion() {
    const settings = folderSettings(this.node);
    return settings && isChosen(settings) ? folderOf(settings) : null;
  }

  /** The current questions to the server. */
  get questions() {
    const named = this.named;
    return [this.folderQuestion, named && loopOf(named)].filter((each) => each !== null);
  }

  /**
   * The server has answered; returns whether the folder's contents may have changed.
   *
   * @param {Answers} answers
   */
  told(answers) {
    this.#waiting = new Map([...this.#waiting, ...answers]);
    // Until the answer is known, it does no harm to show older information.
    const question = this.folderQuestion;
    if (question && question !== this.#known && !this.#waiting.has(question)) return false;
    this.#noteFolder(question, question ? this.#waiting.get(question) : undefined);
    const named = this.named;
    const state = named ? this.#waiting.get(loopOf(named)) : { value: null };
    if (named && state) this.#asked = named;
    if (named && this.#asked !== named) {
      // Looked for now, so that it is known once the loop's state can be shown.
      void this.#otherTab.look(named);
      return false;
    }
    this.#waiting.clear();
    if (state) this.#trouble = state.error && !isFinal(state.error) ? state.error : null;
    const isNews = Boolean(state && !state.error && this.#note(state.value));
    this.show();
    void this.#otherTab.look(named);
    return isNews;
  }

  /** Update the card. */
  show() {
    const ends = this.#runControl.ends(this.state);
    const pauses = this.#notePause() && !ends;
    const model = iteratorModel({
      settings: folderSettings(this.node),
      source: this.#source,
      canChoose: !isLinked(this.node, [placeIn(this.node)]),
      folder: this.#folder,
      isFolderOld: this.#isFolderOld,
      refusal: this.#refusal,
      state: this.#state,
      last: this.#last,
      isKnown: this.state !== null,
      trouble: this.#trouble,
      goesOn: this.#goesOn || ends,
      triesChanges: this.#runControl.triesChanges,
      watching: this.#watching,
      awaits: this.#valueOf("when_complete", WATCH) === WATCH,
      repeats: this.#repeats,
      adds: !this.#repeats && this.#valueOf("skip_finished", "") === false,
      skips: skipsFinished(this.node) ?? true,
      tried: this.#tried?.key === this.#key ? this.#tried : null,
      isPaused: this.#hasAnswered && this.#paused !== "" && this.#paused === this.loop,
      awaitsLoop: this.#runControl.awaits(this.loop),
      pauses,
      cancels: this.#isCancelled,
      place: this.#runControl.placeOf(this.loop, { isHere: true }),
      runsPrompt: this.#runControl.runsPrompt,
      isInOtherTab: this.#otherTab.runs(this.named),
    });
    // Before it has run, the server knows the first frame of a film by the name alone.
    const loop = this.loop ?? this.named;
    this.#results.note(this.state);
    const results = this.#results.where;
    this.#card.show(model, {
      loop,
      results,
      table: this.table,
      leavesText: leavesText(folderSettings(this.node)),
      watching: this.#watching,
      choosing: this.#choosing,
    });
  }

  /** What its items are, as `Loop.source` names it. */
  get #source() {
    const own = sourceOfNode(this.node);
    const isWindow = own === "frames" && Number(this.#valueOf("frames", "1")) > 1;
    return [own, isWindow ? "windows" : "", variantsOf(this.node) ? "variants" : ""].filter(Boolean).join(" ");
  }

  /** Whether a Run on the complete batch begins it again. */
  get #repeats() {
    const mode = this.#valueOf("iteration_mode", "");
    return mode !== CONTINUE || this.#valueOf("when_complete", START_OVER) === START_OVER;
  }

  /**
   * The value of one of the node's settings.
   *
   * @param {string} name
   * @param {string} linked - returned if it comes from another node
   */
  #valueOf(name, linked) {
    return isLinked(this.node, [name]) ? linked : widgetOf(this.node, name)?.value;
  }

  /**
   * The page may have begun to go on with the batch, or may have been paused. Returns whether it
   * pauses: the image in progress has yet to end.
   */
  #notePause() {
    const goesOn = this.#goesOn;
    if (goesOn) this.#paused = "";
    else if (this.#goneOnWith) {
      this.#paused = this.#goneOnWith;
      this.#hasAnswered = false;
    }
    this.#goneOnWith = goesOn ? (this.loop ?? "") : "";
    // Before the first answer about it, the loop has a name only.
    const cancels = !this.#hasEnded && this.#runControl.cancels(this.named);
    const pauses = !goesOn && (cancels || this.#runControl.pauses(this.named));
    if (goesOn || pauses) this.#lastSince = this.#inProgress?.since ?? null;
    // The prompt's end is known before the server's answer shows it.
    this.#isLast = pauses || (!goesOn && this.#isLast && this.#isUnderWay);
    this.#isCancelled = cancels || (this.#isCancelled && this.#isLast && !this.#hasEnded);
    return this.#isLast;
  }

  /** Whether this page goes on with the batch by itself. */
  get #goesOn() {
    return this.#runControl.goesOn(this.loop, { isHere: true });
  }

  /** The image that the node last handed out to this page's prompts, while it is in progress. */
  get #inProgress() {
    const { loop, image } = this.#heard ?? {};
    const current = loop === this.loop ? (this.state?.current ?? []) : [];
    return current.find(({ index }) => index === image?.index);
  }

  /** Whether it still is, and not again, as another server was given it. */
  get #isUnderWay() {
    const current = this.#inProgress;
    return current !== undefined && (this.#lastSince ?? current.since) === current.since;
  }

  /**
   * @param {Question | null} question
   * @param {Answer} [answer]
   */
  #noteFolder(question, answer) {
    if (question !== this.#known) {
      this.#folder = this.#refusal = this.#taken = this.#ofFolder = null;
    }
    this.#known = question;
    // Answers may be told again, and the node may have run since this one was new.
    if (!answer || answer === this.#taken) return;
    this.#taken = answer;
    this.#isFolderOld = false;
    const { value, error } = answer;
    if (value) [this.#folder, this.#refusal, this.#ofFolder] = [value, null, value.loop];
    // A server that fails says nothing about the folder, but says why nothing is known of it.
    else if (isFinal(error) || (error instanceof Refused && !this.#folder && !this.#refusal)) {
      [this.#folder, this.#refusal] = [null, error];
    }
  }

  /**
   * @param {Loop | null} state
   * @returns {boolean} whether its run has ended: the folder may contain more by now than when the
   *   batch began, or may be gone
   */
  #note(state) {
    const before = this.#state;
    const isAlive = state !== null && isAtWork(state);
    const isComplete = Boolean(state?.complete && before && !before.complete);
    const hasStopped = state !== null && !isAlive && this.#runs;
    this.#runs = isAlive || (this.#runs && !hasStopped);
    this.#state = state;
    this.#hasAnswered = true;
    // It may have ended before the server was asked: then this is all that tells which it was.
    const next = this.#heard?.loop === state?.id ? this.#next : null;
    this.#last = isAlive ? (state.current[0] ?? next ?? this.#last) : null;
    this.#next = null;
    // An image under way was read from the folder.
    if (state?.current[0]) this.#refusal = null;
    this.#isFolderOld ||= isAlive || isComplete || hasStopped;
    return isComplete || hasStopped;
  }
}
