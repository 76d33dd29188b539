import { isAboutLoops } from "./questions.js";

/** @import { Answer, Answers, Question } from "./questions.js" */

/** Events come in bursts: the server is asked once for each burst. */
export const SOON_MS = 400;

/**
 * @typedef {object} Wish - what a part of the page wants to know
 * @property {() => Question[]} questions - the questions it has at the moment
 * @property {(answers: Answers) => void} told - called with answers to some of them; after a
 *   change with all that are known, see `whenSettled`
 * @property {number} [idle] - ms between questions about loops while none of them is at work; by
 *   default they are only asked on news
 * @property {number} [first] - ms before a question is asked for the first time
 * @property {number} [always] - ms between questions, whatever the answers
 * @property {boolean} [unseen] - whether to ask even while the page is hidden
 */

/** A part of the page's wish, and when each of its questions is due. */
export class Following {
  #clock;
  /** @type {Map<Question, number>} */
  #due = new Map();
  /**
   * Questions being answered. Only their answers count: one that was requested earlier, for another
   * part, may be older than what this part already knows.
   *
   * @type {Set<Question>}
   */
  #asked = new Set();
  /**
   * The last answers to its questions: what is added to the part later may have a question that was
   * answered, and will not be asked again.
   *
   * @type {Answers}
   */
  #known = new Map();
  /** When the last change will be a moment ago; Infinity if there was none. */
  settles = Infinity;

  /**
   * @param {Wish} wish
   * @param {{ now: () => number, changed: () => void, ended: () => void }} clock
   */
  constructor(wish, clock) {
    this.wish = wish;
    this.#clock = clock;
  }

  /** Its questions may have changed. */
  renew() {
    this.#clock.changed();
  }

  /**
   * Ask its questions again, although they were answered.
   *
   * @param {(question: Question) => boolean} [which]
   */
  again(which = () => true) {
    this.hasten(this.#clock.now(), which);
    this.#clock.changed();
  }

  /**
   * Ask once nothing has changed for a moment, as the user may be typing. Then the part is told the
   * answers that are known.
   */
  whenSettled() {
    this.settles = this.#clock.now() + SOON_MS;
    this.again(isAboutLoops);
  }

  /** It has no more questions. */
  end() {
    this.#clock.ended();
    this.#clock.changed();
  }

  /** @param {number} now */
  settle(now) {
    if (this.settles > now) return;
    this.settles = Infinity;
    guarded(() => this.wish.told(new Map(this.#known)));
  }

  /** When each of the current questions is due; of the last ones, if the part fails to tell. */
  due() {
    const wanted = new Set(guarded(() => this.wish.questions()) ?? this.#due.keys());
    for (const question of this.#due.keys()) {
      if (wanted.has(question)) continue;
      for (const kept of [this.#due, this.#asked, this.#known]) kept.delete(question);
    }
    const first = this.#clock.now() + (this.wish.first ?? 0);
    for (const question of wanted) if (!this.#due.has(question)) this.#due.set(question, first);
    const least = this.settles === Infinity ? -Infinity : this.settles;
    return [...this.#due].map(
      ([question, due]) => /** @type {const} */ ([question, Math.max(due, least)]),
    );
  }

  /**
   * @param {number} due
   * @param {(question: Question) => boolean} which
   */
  hasten(due, which) {
    for (const [question, before] of this.#due) {
      if (which(question)) this.#due.set(question, Math.min(before, due));
    }
  }

  /** @param {Set<Question>} questions */
  asked(questions) {
    for (const question of this.#due.keys()) {
      if (!questions.has(question)) continue;
      this.#due.set(question, Infinity);
      this.#asked.add(question);
    }
  }

  /**
   * @param {Answers} answers
   * @param {(question: Question, answer: Answer) => number} paceOf - ms until it is asked again
   */
  tell(answers, paceOf) {
    const own = [...answers].filter(([question]) => this.#asked.delete(question));
    if (own.length === 0) return;
    for (const [question, answer] of own) {
      this.#known.set(question, answer);
      const due = this.#clock.now() + paceOf(question, answer);
      this.hasten(due, (each) => each === question);
    }
    this.wish.told(new Map(own));
  }
}

/**
 * The result of a call into one part of the page, whose errors must not stop the others.
 *
 * @template T
 * @param {() => T} call
 * @returns {T | undefined}
 */
export function guarded(call) {
  try {
    return call();
  } catch (error) {
    console.error(error);
    return undefined;
  }
}
