import { UNKNOWN_LOOP, newImages, otherServers } from "./aims.js";
import { explained } from "./errors.js";
import { Refused } from "./server.js";

/**
 * @import { Iteration } from "../../types/nodes.d.ts"
 * @import { Aim } from "./aims.js"
 * @import { AutoQueue } from "./auto_queue.js"
 * @import { Run } from "./runs.js"
 * @import { Screen } from "./screen.js"
 * @import { LoopServer } from "./server.js"
 * @import { Cards } from "./card/cards.js"
 * @import { Toasts } from "./toasts.js"
 */

/**
 * @typedef {object} Watched - what is watched
 * @property {Aim} aim - what for
 * @property {Iteration[]} loops
 * @property {string} mode - how Run queued before
 * @property {string | undefined} resting - and how it has queued since
 * @property {boolean} warned - whether a person was told that the server refuses to look
 */

/** How often the server is asked: soon enough for a person, cheap for the server. */
const ASK_EVERY_MS = 2_000;
const TOAST = "watch";
const LIFE_MS = 10_000;

/**
 * Waits, and then lets Auto Queue go on: for new images in the folders of a complete batch, or for
 * other servers, which work on the last images of a batch.
 *
 * No prompt waits in the queue meanwhile, so ComfyUI is free for other work.
 */
export class Watch {
  #server;
  #autoQueue;
  #toasts;
  #screen;
  #button;
  #later;
  /**
   * Null while nothing is watched.
   *
   * @type {Watched | null}
   */
  #watched = null;

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {LoopServer} parts.server
   * @param {AutoQueue} parts.autoQueue
   * @param {Toasts} parts.toasts
   * @param {Screen} parts.screen
   * @param {Pick<Cards, "show" | "hide">} parts.button
   * @param {(turn: () => void, ms: number) => void} [parts.later] - calls it after some ms
   */
  constructor({ server, autoQueue, toasts, screen, button, later = defaultLater }) {
    this.#server = server;
    this.#autoQueue = autoQueue;
    this.#toasts = toasts;
    this.#screen = screen;
    this.#button = button;
    this.#later = later;
  }

  /** Whether this tab waits for something. */
  get on() {
    return this.#watched !== null;
  }

  /**
   * End Queue has ended a run, and Auto Queue was in `mode` until then (null: it was off already).
   * Begins to watch for new images where the run asks for it; returns whether this tab watches now.
   *
   * @param {Run} run
   * @param {string | null} mode
   */
  stopped(run, mode) {
    const loops = run.watched;
    if (loops.length === 0) this.end();
    else if (mode !== null) this.#begin(newImages(this.#server), loops, mode);
    return this.on;
  }

  /**
   * A run has found that other servers work on the last images of some loops. Begins to watch for
   * the end of that, if Auto Queue was in a `mode` until then (null: it was off already).
   *
   * @param {Iteration[]} loops
   * @param {string | null} mode
   */
  awaits(loops, mode) {
    if (mode !== null) this.#begin(otherServers(this.#server), loops, mode);
  }

  /** Stop watching: somebody pressed Run, Cancel or Stop watching. */
  end() {
    if (!this.on) return;
    this.#watched = null;
    this.#toasts.hide(TOAST);
    this.#button.hide();
  }

  /**
   * @param {Aim} aim
   * @param {Iteration[]} loops
   * @param {string} mode
   */
  #begin(aim, loops, mode) {
    this.end();
    const watched = { aim, loops, mode, resting: this.#autoQueue.mode, warned: false };
    this.#watched = watched;
    this.#toasts.showUntilSeen(TOAST, aim.begun(loops), LIFE_MS);
    this.#showButton(watched);
    this.#askLater(watched);
  }

  /** @param {Watched} watched */
  #askLater(watched) {
    this.#later(() => this.#ask(watched), ASK_EVERY_MS);
  }

  /** @param {Watched} watched */
  async #ask(watched) {
    if (!this.#goesOn(watched)) return;
    const ready = await this.#ready(watched);
    // Somebody may have pressed something while the server was looking.
    if (!this.#goesOn(watched)) return;
    if (ready > 0 && this.#isOnScreen(watched)) {
      this.end();
      this.#autoQueue.goOn(watched.mode, ready);
      return;
    }
    this.#showButton(watched); // the workflow may have been opened anew
    this.#askLater(watched);
  }

  /**
   * Whether it is still this that is watched; a mode that somebody has chosen ends it.
   *
   * @param {Watched} watched
   */
  #goesOn(watched) {
    if (this.#watched !== watched) return false;
    if (this.#autoQueue.mode === watched.resting) return true;
    this.end();
    return false;
  }

  /**
   * How many prompts would find something to do.
   *
   * @param {Watched} watched
   */
  async #ready(watched) {
    let ready = 0;
    for (const { loop } of watched.loops) {
      try {
        ready += await watched.aim.ready(loop);
      } catch (error) {
        this.#refused(watched, error);
      }
    }
    return ready;
  }

  /**
   * A server that is away, or a folder, may come back; a loop that is forgotten does not.
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
   * Whether Auto Queue would queue the workflow that was watched: it takes the one on screen.
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
 * @param {() => void} turn
 * @param {number} ms
 */
function defaultLater(turn, ms) {
  setTimeout(turn, ms);
}
