import { NEW_IMAGES, OTHER_SERVERS, UNKNOWN_LOOP } from "./aims.js";
import { explained } from "./errors.js";
import { OFTEN_MS } from "./poller.js";
import { Refused } from "./requests.js";

/**
 * @import { Iteration } from "../../types/nodes.d.ts"
 * @import { Aim } from "./aims.js"
 * @import { Mode } from "./auto_queue.js"
 * @import { Gate } from "./gate/gate.js"
 * @import { Stopping } from "./gate/stopping.js"
 * @import { Run } from "./runs.js"
 * @import { Screen } from "./screen.js"
 * @import { Poller } from "./poller.js"
 * @import { Answers, Question } from "./questions.js"
 * @import { Cards } from "./card/cards.js"
 * @import { Toasts } from "./toasts.js"
 */

/**
 * @typedef {object} Watched - what is watched
 * @property {Aim} aim - what is waited for
 * @property {Iteration[]} loops
 * @property {Mode} mode - the mode of Run before
 * @property {string | undefined} resting - the mode of Run since then
 * @property {boolean} warned - whether the user was told that the server refuses to look
 */

const TOAST = "watch";
const LIFE_MS = 10_000;

/**
 * Waits for new images in the folders of a complete batch, or for other servers that are working on
 * the last images of a batch, and then lets Auto Queue go on.
 *
 * No prompt is in the queue while it waits, so ComfyUI is free for other work.
 */
export class Watch {
  #autoQueue;
  #stopping;
  #toasts;
  #screen;
  #button;
  #following;
  /**
   * Null while nothing is watched.
   *
   * @type {Watched | null}
   */
  #watched = null;

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {Pick<Poller, "follow">} parts.poller
   * @param {Pick<Gate, "mode">} parts.autoQueue
   * @param {Pick<Stopping, "goOn" | "canGoOn">} parts.stopping
   * @param {Toasts} parts.toasts
   * @param {Screen} parts.screen
   * @param {Pick<Cards, "show" | "hide">} parts.button
   */
  constructor({ poller, autoQueue, stopping, toasts, screen, button }) {
    this.#autoQueue = autoQueue;
    this.#stopping = stopping;
    this.#toasts = toasts;
    this.#screen = screen;
    this.#button = button;
    this.#following = poller.follow({
      questions: () => this.#questions(),
      told: (answers) => this.#told(answers),
      first: OFTEN_MS,
      always: OFTEN_MS,
      unseen: true,
    });
  }

  /** Whether this tab is waiting for something. */
  get on() {
    return this.#watched !== null;
  }

  /**
   * Whether this tab is waiting for something of this loop.
   *
   * @param {string} loop
   */
  waitsFor(loop) {
    return this.#watched?.loops.some((one) => one.loop === loop) ?? false;
  }

  /**
   * End Queue has ended a run, and Auto Queue was in `mode` until then (null if it was off). Begins
   * to watch for new images if the run asks for it; returns whether this tab is watching now.
   *
   * @param {Run} run
   * @param {Mode | null} mode
   */
  stopped(run, mode) {
    const loops = run.watched;
    if (loops.length === 0) this.end();
    else if (mode !== null) this.#begin(NEW_IMAGES, loops, mode);
    return this.on;
  }

  /**
   * A run has found that other servers are working on the last images of some loops. Begins to wait
   * for them, if Auto Queue was in a `mode` until then (null if it was off).
   *
   * @param {Iteration[]} loops
   * @param {Mode | null} mode
   */
  awaits(loops, mode) {
    if (mode !== null) this.#begin(OTHER_SERVERS, loops, mode);
  }

  /** Stop watching: Run, Cancel or Stop watching was pressed. */
  end() {
    if (!this.on) return;
    this.#watched = null;
    this.#following.renew();
    this.#toasts.hide(TOAST);
    this.#button.hide();
  }

  /**
   * @param {Aim} aim
   * @param {Iteration[]} loops
   * @param {Mode} mode
   */
  #begin(aim, loops, mode) {
    this.end();
    const watched = { aim, loops, mode, resting: this.#autoQueue.mode, warned: false };
    this.#watched = watched;
    this.#toasts.showUntilSeen(TOAST, aim.begun(loops), LIFE_MS);
    this.#showButton(watched);
    this.#following.renew();
  }

  #questions() {
    const watched = this.#watched;
    return watched && this.#goesOn(watched) ? watched.loops.map(questionOf(watched)) : [];
  }

  /** @param {Answers} answers */
  #told(answers) {
    const watched = this.#watched;
    // A button may have been pressed while the server was looking.
    if (!watched || !this.#goesOn(watched)) return;
    const ready = this.#ready(watched, answers);
    if (!this.on) return;
    const loops = watched.loops.map(({ loop }) => loop);
    if (ready > 0 && (this.#isOnScreen(watched) || this.#stopping.canGoOn(loops))) {
      this.end();
      this.#stopping.goOn(watched.mode, ready, loops);
      return;
    }
    this.#showButton(watched); // the workflow may have been reopened
  }

  /**
   * Whether the watch goes on; choosing another mode ends it.
   *
   * @param {Watched} watched
   */
  #goesOn(watched) {
    if (this.#autoQueue.mode === watched.resting) return true;
    this.end();
    return false;
  }

  /**
   * How many prompts would have work to do.
   *
   * @param {Watched} watched
   * @param {Answers} answers
   */
  #ready(watched, answers) {
    let ready = 0;
    for (const loop of watched.loops) {
      const answer = answers.get(questionOf(watched)(loop));
      try {
        if (answer?.error) throw answer.error;
        if (answer) ready += watched.aim.ready(answer.value);
      } catch (error) {
        this.#refused(watched, error);
      }
    }
    return ready;
  }

  /**
   * The server has refused: a server or folder that is away may come back, a forgotten loop does
   * not.
   *
   * @param {Watched} watched
   * @param {unknown} error
   */
  #refused(watched, error) {
    if (this.#watched !== watched || !(error instanceof Refused)) return;
    if (error.status === UNKNOWN_LOOP) this.end();
    if (watched.warned && this.on) return;
    watched.warned = true;
    const message = watched.aim.refused(explained(error), this.on);
    this.#toasts.show(TOAST, { ...message, life: LIFE_MS });
  }

  /**
   * Whether the watched workflow is on screen, as that is the one that Auto Queue would queue.
   *
   * @param {Watched} watched
   */
  #isOnScreen({ loops }) {
    return loops.every(({ loop }) => this.#screen.node(loop) !== null);
  }

  /** @param {Watched} watched */
  #showButton({ aim, loops }) {
    if (!aim.hasButton) return;
    for (const { loop } of loops) {
      const node = this.#screen.node(loop);
      if (node) this.#button.show(node);
    }
  }
}

/**
 * @param {Watched} watched
 * @returns {(iteration: Iteration) => Question}
 */
function questionOf({ aim }) {
  return ({ loop }) => aim.question(loop);
}
