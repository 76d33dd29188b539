import { isOff } from "../convert/reach.js";
import { iteratorOf, nodesOf } from "../graph.js";
import { isIterator, placeIn, sourceOfNode } from "../iterators.js";
import { beginBesideOutputs, widthBesideOutputs } from "../node/beside_outputs.js";
import { alsoOn, alsoWhenChanged } from "../node/callbacks.js";
import { setWidth, takePlaces } from "../node/widgets.js";
import { loopOf } from "../questions.js";
import { resultFolder } from "../result_folder.js";
import { handsOut } from "../runs.js";
import { isCompanion, onCompanionChanged } from "./companions.js";
import { CompleteCard } from "./complete_card.js";
import { onSettingChanged, widgetOf } from "./folder_settings.js";
import { IteratorCard } from "./iterator_card_element.js";
import { IteratorEntry } from "./iterator_entry.js";
import { saverOffer } from "./saver_offer.js";
import { completeModel } from "./texts_and_buttons.js";
import { drawOnTitle, isOnTitle } from "./title_progress.js";
import { UndoEnds } from "./undo_ends.js";
import { VARIANTS, onVariantsChanged } from "./variants.js";
import { CARD, addCard, passToCanvas } from "./widget.js";

/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 * @import { Iteration, Progress, Tried } from "../../../types/nodes.d.ts"
 * @import { Failure } from "../../../types/server.d.ts"
 * @import { Poller } from "../poller.js"
 * @import { Answers } from "../questions.js"
 * @import { Screen } from "../screen.js"
 * @import { LoopServer } from "../server.js"
 * @import { Actions } from "./actions.js"
 * @import { CollapsedNodes } from "./collapsed.js"
 * @import { CardsAsk, RunControl } from "../run_control.js"
 * @import { Trial } from "../trial.js"
 */

const COMPLETE = "BatchLoopBatchComplete";
const THUMBNAIL_SIZE = 256;

/** Heights of the cards until they have been on screen, in canvas units. */
const ITERATOR_HEIGHT = 180;
const COMPLETE_HEIGHT = 72;

/** The place of an iterator's card among its widgets. */
const AFTER_DIRECTORY = 1;

/** The cards of Directory Iterator and Batch Complete, in all open workflows. */
export class Cards {
  #app;
  #server;
  #screen;
  #actions;
  #following;
  #collapsed;
  #runControl;
  #trial;
  #isElsewhere;
  #undoEnds;
  /**
   * The card and the entry of each Directory Iterator.
   *
   * @type {WeakMap<Node, { card: IteratorCard, entry: IteratorEntry }>}
   */
  #iterators = new WeakMap();
  /**
   * The card of each Batch Complete and, once it has reported, its loop.
   *
   * @type {WeakMap<Node, { card: CompleteCard, loop: string | null }>}
   */
  #completes = new WeakMap();

  /**
   * @param {object} given - the pack's modules of these names
   * @param {App} given.app
   * @param {Pick<LoopServer, "items" | "thumbnail" | "timeTo" | "view">} given.server
   * @param {Pick<Poller, "follow">} given.poller
   * @param {Screen} given.screen
   * @param {Actions} given.actions
   * @param {CollapsedNodes} given.collapsed
   * @param {Pick<RunControl, CardsAsk>} given.runControl
   * @param {Trial} given.trial
   * @param {(loop: string) => Promise<boolean>} [given.isElsewhere] - whether another tab runs it
   * @param {(turn: () => void, ms: number) => void} [given.wait] - runs `turn` after so many ms
   */
  constructor({ app, server, poller, screen, actions, collapsed, runControl, trial, ...given }) {
    this.#app = app;
    this.#server = server;
    this.#screen = screen;
    this.#actions = actions;
    this.#collapsed = collapsed;
    this.#runControl = runControl;
    this.#trial = trial;
    this.#isElsewhere = given.isElsewhere;
    const wait = given.wait ?? setTimeout;
    this.#undoEnds = new UndoEnds({
      timeTo: (until) => server.timeTo(until),
      ended: () => this.#following.again(),
      wait: (turn, ms) => wait(turn, ms),
    });
    this.#following = poller.follow({
      questions: () => this.#questions(),
      told: (answers) => this.#told(answers),
    });
  }

  /**
   * A node was created; returns the widget of its card, if it has one.
   *
   * @param {Node} node
   */
  add(node) {
    if (isIterator(node.comfyClass)) return this.#addIterator(node);
    if (node.comfyClass === COMPLETE) return this.#addComplete(node);
    const changed = () => this.#following.whenSettled();
    if (node.comfyClass === VARIANTS) onVariantsChanged(node, changed);
    if (isCompanion(node)) onCompanionChanged(node, changed);
    return null;
  }

  /**
   * A prompt with this node is about to be sent.
   *
   * @param {Node} node
   */
  sending(node) {
    this.#iterators.get(node)?.entry.sending();
  }

  /**
   * The node with this execution id has reported on a loop.
   *
   * @param {string} executionId
   * @param {Iteration | Tried | Progress} said
   * @param {string} promptId
   */
  heard(executionId, said, promptId) {
    const node = this.#screen.find(executionId);
    if (!node) return;
    const { kind, loop } = said;
    if (kind === "trial") this.#iterators.get(node)?.entry.tries(said, promptId);
    if (kind === "iteration") {
      this.#iterators.get(node)?.entry.heard(loop, handsOut(said) ? said : null, promptId);
    }
    const complete = kind === "progress" ? this.#completes.get(node) : undefined;
    if (complete) complete.loop = loop;
  }

  /**
   * A prompt has ended.
   *
   * @param {string} promptId
   * @param {"done" | "failed" | null} how - null if it was interrupted
   */
  ended(promptId, how) {
    for (const entry of this.#entriesOf(this.#nodes())) entry.ended(promptId, how);
  }

  /** Files or settings may have changed: the user was away, or ComfyUI has refused a prompt. */
  lookAgain() {
    this.#following.again();
  }

  /** Run was pressed, paused, or set to another mode: the buttons say what they do now. */
  modeChanged() {
    for (const entry of this.#entriesOf(this.#nodes())) entry.show();
  }

  /** The loops that the workflow on screen runs, as far as known, whether or not they have run. */
  get named() {
    const entries = this.#entriesOf(this.#nodes()).filter(({ node }) => !isOff(node));
    return entries.flatMap(({ named }) => named ?? []);
  }

  /** The loops of the workflow on screen that have run. */
  get loops() {
    return this.#entriesOf(this.#nodes()).flatMap(({ loop }) => loop ?? []);
  }

  /** How they stand, by their ids. */
  get states() {
    const states = this.#entriesOf(this.#nodes()).flatMap(({ state }) => state ?? []);
    return new Map(states.map((state) => [state.id, state]));
  }

  /**
   * The Directory Iterator of a loop in the workflow on screen, or null.
   *
   * @param {string} loop
   */
  nodeOf(loop) {
    const entries = this.#entriesOf(this.#nodes());
    return entries.find((entry) => entry.loop === loop)?.node ?? null;
  }

  /**
   * Show Stop watching on a Directory Iterator.
   *
   * @param {Node} node
   */
  show(node) {
    this.#iterators.get(node)?.entry.watch(true);
  }

  /** Remove Stop watching from every Directory Iterator. */
  hide() {
    for (const entry of this.#entriesOf(this.#nodes())) entry.watch(false);
  }

  /** @param {Node} node */
  #addIterator(node) {
    const card = new IteratorCard({
      thumbnailOf: (loop, path) => this.#server.thumbnail(loop, path, { size: THUMBNAIL_SIZE }),
      source: sourceOfNode(node),
    });
    const entry = new IteratorEntry({
      node,
      card,
      runControl: this.#runControl,
      resultsOf: (loop) => resultFolder(this.#server, loop),
      isElsewhere: this.#isElsewhere,
    });
    card.content.firstElementChild?.after(saverOffer(this.#app, node));
    card.actions = this.#actions.of(entry, () => this.#following.again());
    this.#iterators.set(node, { card, entry });
    onSettingChanged(node, () => this.#following.whenSettled());
    alsoOn(node, "onConnectionsChange", () => this.#following.whenSettled());
    for (const name of ["when_complete", "iteration_mode"]) {
      const widget = widgetOf(node, name);
      if (widget) alsoWhenChanged(widget, () => entry.show());
    }
    beginBesideOutputs(node);
    const place = widgetOf(node, placeIn(node));
    if (place) setWidth(place, () => widthBesideOutputs(node));
    const widget = this.#put(node, card, {
      height: ITERATOR_HEIGHT,
      place: AFTER_DIRECTORY,
      width: widthBesideOutputs,
    });
    this.#trial.use(node, widget);
    return widget;
  }

  /** @param {Node} node */
  #addComplete(node) {
    const card = new CompleteCard({
      chosen: (failure) => this.#goTo(node, failure),
      addressOf: (view) => this.#server.view(view),
    });
    this.#completes.set(node, { card, loop: null });
    return this.#put(node, card, { height: COMPLETE_HEIGHT });
  }

  /**
   * @param {Node} node
   * @param {IteratorCard | CompleteCard} card
   * @param {Omit<Parameters<typeof addCard>[1], "name" | "card">} given
   */
  #put(node, card, given) {
    const widget = addCard(node, { ...given, name: CARD, card });
    passToCanvas(card.element, () => this.#app.canvas);
    drawOnTitle(node, () => card.figures);
    this.#following.whenSettled(); // its values are set later in this turn
    return widget;
  }

  /** The cards' questions to the server. */
  #questions() {
    const nodes = this.#nodes();
    const asked = this.#entriesOf(nodes).flatMap((entry) => entry.questions);
    const loops = nodes.flatMap((node) => this.#completes.get(node)?.loop ?? []);
    return [...asked, ...loops.map(loopOf)];
  }

  /** @param {Answers} answers */
  #told(answers) {
    const nodes = this.#nodes();
    const stale = this.#entriesOf(nodes).flatMap((entry) =>
      entry.told(answers) ? entry.folderQuestion : [],
    );
    for (const { state } of this.#entriesOf(nodes)) this.#undoEnds.note(state);
    for (const node of nodes) this.#showComplete(node, nodes, answers);
    this.#draw(nodes);
    if (stale.length > 0) this.#following.again((question) => stale.includes(question));
  }

  /** @param {Node[]} nodes */
  #draw(nodes) {
    const { canvas } = this.#app;
    const shown = [];
    let isOnCanvas = false;
    for (const node of nodes) {
      if (node.graph !== canvas.graph) continue;
      takePlaces(node);
      const card = this.#cardOf(node);
      if (!card) continue;
      isOnCanvas ||= isOnTitle(node, canvas);
      if (card.figures) shown.push({ id: node.id, figures: card.figures });
    }
    this.#collapsed.show(shown);
    // ComfyUI's drawing takes as long as all else that it does between two prompts.
    if (isOnCanvas) canvas.setDirty(true, false);
  }

  /**
   * @param {Node} node
   * @param {Node[]} nodes
   * @param {Answers} answers
   */
  #showComplete(node, nodes, answers) {
    const complete = this.#completes.get(node);
    if (!complete) return;
    const { card, loop } = complete;
    // The state that the iterator's card shows: its answer may have come before.
    const answer = loop
      ? answers.get(loopOf(loop))
      : { value: this.#entryBefore(node, nodes)?.state ?? null };
    if (answer && !answer.error) card.show(completeModel(answer.value));
  }

  /**
   * The entry of the Directory Iterator whose loop a Batch Complete belongs to; undefined if that
   * cannot be told.
   *
   * @param {Node} node
   * @param {Node[]} nodes
   */
  #entryBefore(node, nodes) {
    const before = iteratorOf(node);
    if (before) return this.#iterators.get(before)?.entry;
    const entries = this.#entriesOf(nodes);
    return entries.length === 1 ? entries[0] : undefined;
  }

  /**
   * @param {Node} node
   * @param {Failure} failure
   */
  #goTo(node, failure) {
    // An unreadable image fails before it reaches any other node.
    const iterator = this.#entryBefore(node, this.#nodes())?.node ?? null;
    this.#actions.goTo(failure, iterator);
  }

  /** @param {Node[]} nodes */
  #entriesOf(nodes) {
    return nodes.flatMap((node) => this.#iterators.get(node)?.entry ?? []);
  }

  /** @param {Node} node */
  #cardOf(node) {
    return this.#iterators.get(node)?.card ?? this.#completes.get(node)?.card;
  }

  #nodes() {
    return [...nodesOf(this.#app.rootGraph ?? this.#app.graph)];
  }
}
