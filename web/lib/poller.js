import { isAtWork } from "./figures.js";
import { Following, SOON_MS, guarded } from "./following.js";
import { LOOPS, isAboutLoops, kindOf } from "./questions.js";
import { NOT_ALLOWED, Refused, isFinal } from "./requests.js";

/**
 * @import { ListedLoop, Loop } from "../../types/server.d.ts"
 * @import { Wish } from "./following.js"
 * @import { Answer, Question } from "./questions.js"
 * @import { LoopServer } from "./server.js"
 * @typedef {"loops" | "loopsOf" | "watch" | "folder" | "folderOf" | "table"} Asked - of the server
 */

/** How often the server is asked while things are changing, and while nothing seems to. */
export const OFTEN_MS = 2_000;
export const SELDOM_MS = 10_000;
/** How often it is looked whether a folder that is not allowed has been allowed meanwhile. */
export const REFUSED_MS = 5_000;

/** For how long nothing is asked once the queue is empty: the next prompt is sent meanwhile. */
export const REST_MS = 100;

/**
 * @typedef {object} Clock
 * @property {() => number} now - milliseconds
 * @property {(turn: () => void, ms: number) => number} setTimer
 * @property {(timer: number) => void} clearTimer
 */

/**
 * Asks the server the questions that parts of the page have, each at its own pace.
 *
 * A question that several parts have is asked once, and the answer goes to all of them. It is not
 * asked again until it has been answered.
 */
export class Poller {
  #server;
  #page;
  #clock;
  /** @type {Set<Following>} */
  #all = new Set();
  /** @type {Set<Question>} */
  #underWay = new Set();
  #isBusy = false;
  #restsUntil = -Infinity;
  /** @type {number | null} */
  #timer = null;
  #timerDue = Infinity;

  /**
   * @param {object} given
   * @param {Pick<LoopServer, Asked>} given.server
   * @param {Pick<Document, "visibilityState" | "addEventListener">} [given.page]
   * @param {Clock} [given.clock]
   */
  constructor({ server, page = document, clock = CLOCK }) {
    this.#server = server;
    this.#page = page;
    this.#clock = clock;
    page.addEventListener("visibilitychange", () => this.news(0));
  }

  /**
   * Ask questions on behalf of a part of the page, once it has any.
   *
   * @param {Wish} wish
   */
  follow(wish) {
    const following = new Following(wish, {
      now: () => this.#clock.now(),
      changed: () => this.#plan(),
      ended: () => this.#all.delete(following),
    });
    this.#all.add(following);
    return following;
  }

  /**
   * Something has happened: ask soon how loops stand.
   *
   * @param {number} [ms] - how soon
   */
  news(ms = SOON_MS) {
    const due = this.#clock.now() + ms;
    for (const following of this.#all) {
      if (!following.wish.unseen) following.hasten(due, isAboutLoops);
    }
    // Most of it comes between two prompts, when ComfyUI is about to send the next one: all that is
    // to be asked is gathered for the first of a burst alone, and again when its turn comes.
    if (this.#timer === null || due < this.#timerDue) this.#plan();
  }

  /**
   * The server's queue has this many prompts; while there are any, a loop may start to run. Once it
   * is empty, ComfyUI is about to send the next one, which nothing that is asked shall hold up.
   *
   * @param {number} [remaining]
   */
  queueIs(remaining = 0) {
    this.#isBusy = remaining > 0;
    this.#restsUntil = this.#isBusy ? -Infinity : this.#clock.now() + REST_MS;
    this.news();
  }

  /** Those whose answers are visible to the user, or that go on while the page is hidden. */
  get #active() {
    const isHidden = this.#page.visibilityState === "hidden";
    return [...this.#all].filter(({ wish }) => wish.unseen || !isHidden);
  }

  /** Schedule the next turn for when the first question is due. */
  #plan() {
    const active = this.#active;
    const dues = active.flatMap((following) => following.due());
    const open = dues.filter(([question]) => !this.#underWay.has(question));
    const due = Math.min(...open.map(([, due]) => due), ...active.map(({ settles }) => settles));
    if (this.#timer !== null && due === this.#timerDue) return;
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
    if (due === Infinity) return;
    this.#wait(due);
  }

  /** @param {number} due - when the next turn is */
  #wait(due) {
    this.#timerDue = due;
    this.#timer = this.#clock.setTimer(() => this.#turn(), Math.max(0, due - this.#clock.now()));
  }

  #turn() {
    this.#timer = null;
    const now = this.#clock.now();
    if (now < this.#restsUntil) {
      this.#wait(this.#restsUntil);
      return;
    }
    try {
      const active = this.#active;
      for (const following of active) following.settle(now);
      const dues = active.flatMap((following) => following.due());
      const questions = new Set(dues.flatMap(([question, due]) => (due <= now ? question : [])));
      for (const question of this.#underWay) questions.delete(question);
      for (const following of this.#all) following.asked(questions);
      for (const kind of Object.keys(this.#asks)) this.#ask(kind, [...questions]);
    } finally {
      this.#plan();
    }
  }

  /**
   * Ask the questions of one kind among these, and pass on the answers.
   *
   * @param {string} kind
   * @param {Question[]} questions
   */
  async #ask(kind, questions) {
    const asked = questions.filter((question) => kindOf(question) === kind);
    if (asked.length === 0) return;
    const found = await this.#found(kind, asked);
    const answers = new Map(asked.map((question, place) => [question, found[place]]));
    for (const following of this.#all) {
      guarded(() =>
        following.tell(answers, (question, answer) => this.#pace(following, question, answer)),
      );
    }
    this.#plan();
  }

  /**
   * The answers to questions of one kind, in their order; they are under way until then.
   *
   * @param {string} kind
   * @param {Question[]} asked
   * @returns {Promise<Answer[]>}
   */
  async #found(kind, asked) {
    for (const question of asked) this.#underWay.add(question);
    try {
      return await this.#asks[kind](asked.map((question) => question.slice(kind.length + 1)));
    } catch (error) {
      // The server's answer was not of the form that is expected.
      return asked.map(() => ({ error }));
    } finally {
      for (const question of asked) this.#underWay.delete(question);
    }
  }

  /** @type {Record<string, (about: string[]) => Promise<Answer[]>>} how each kind is asked */
  #asks = {
    loops: () => Promise.all([answerOf(this.#server.loops())]),
    loop: async (ids) => {
      const { value, error } = await answerOf(this.#server.loopsOf(ids));
      if (error) return ids.map(() => ({ error }));
      const found = /** @type {Loop[]} */ (value);
      return ids.map((id) => ({ value: found.find((loop) => loop.id === id) ?? null }));
    },
    place: (ids) => Promise.all(ids.map((id) => answerOf(this.#server.folderOf(id)))),
    arrivals: (ids) => Promise.all(ids.map((id) => answerOf(this.#server.watch(id)))),
    folder: (all) =>
      Promise.all(all.map((settings) => answerOf(this.#server.folder(JSON.parse(settings))))),
    table: (all) =>
      Promise.all(all.map((settings) => answerOf(this.#server.table(JSON.parse(settings))))),
  };

  /**
   * The ms until a question is asked again, depending on its answer.
   *
   * @param {Following} following
   * @param {Question} question
   * @param {Answer} answer
   */
  #pace({ wish }, question, { value, error }) {
    if (wish.always !== undefined) return wish.always;
    // A server may be away for a moment, and no news would tell of what others do meanwhile.
    const rest = error && !isFinal(error) ? SELDOM_MS : Infinity;
    // A drive may be connected again.
    if (kindOf(question) === "place" && !isFinal(error)) return wish.idle ?? rest;
    // A folder changes only while the user is elsewhere. The list of those that are allowed may be
    // edited beside the page, which keeps the focus.
    const isNotAllowed = error instanceof Refused && error.status === NOT_ALLOWED;
    if (!isAboutLoops(question)) return isNotAllowed ? REFUSED_MS : rest;
    const loops = question === LOOPS ? (value?.loops ?? []) : value ? [value] : [];
    // Nothing tells of the moment in which the last results are on the disk.
    if (!this.#isBusy && loops.some(isBeingSaved)) return SOON_MS;
    const mayChange = loops.some(isAtWork) || (this.#isBusy && question !== LOOPS);
    return mayChange ? OFTEN_MS : (wish.idle ?? rest);
  }
}

/**
 * Whether the prompts of a loop have ended, as a rule, and the results of some are being saved.
 *
 * @param {ListedLoop} loop
 */
function isBeingSaved({ running, finishing }) {
  return finishing > 0 && running === 0;
}

/**
 * @param {Promise<any>} asked
 * @returns {Promise<Answer>}
 */
async function answerOf(asked) {
  try {
    return { value: await asked };
  } catch (error) {
    return { error };
  }
}

/** @type {Clock} */
const CLOCK = {
  now: () => performance.now(),
  setTimer: (turn, ms) => window.setTimeout(turn, ms),
  clearTimer: (timer) => clearTimeout(timer),
};
