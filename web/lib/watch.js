import { explained } from "./errors.js";
import { Refused } from "./server.js";
import { watching, watchingStopped } from "./words.js";

/**
 * @import { Iteration } from "../../types/nodes.d.ts"
 * @import { AutoQueue } from "./auto_queue.js"
 * @import { Run } from "./runs.js"
 * @import { Screen } from "./screen.js"
 * @import { LoopServer } from "./server.js"
 * @import { Cards } from "./card/cards.js"
 * @import { Toasts } from "./toasts.js"
 */

/**
 * @typedef {object} Watched - what is watched
 * @property {Iteration[]} loops
 * @property {string} mode - how Run queued before
 * @property {string | undefined} resting - and how it has queued since
 * @property {boolean} warned - whether a person was told that a folder cannot be read
 */

/** How often the server is asked for new images: soon enough for a person, cheap for the server. */
const ASK_EVERY_MS = 2_000;
const TOAST = "watch";
const LIFE_MS = 10_000;
const UNKNOWN_LOOP = 404;

/**
 * Waits for new images in the folders of a complete batch, and then lets Auto Queue go on.
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

  /** Whether this tab waits for new images. */
  get on() {
    return this.#watched !== null;
  }

  /**
   * End Queue has ended a run, and Auto Queue was in `mode` until then (null: it was off already).
   * Begins to watch where the run asks for it; returns whether this tab watches now.
   *
   * @param {Run} run
   * @param {string | null} mode
   */
  stopped(run, mode) {
    const loops = run.watched;
    if (loops.length === 0) this.end();
    else if (mode !== null) this.#begin(loops, mode);
    return this.on;
  }

  /** Stop watching: somebody pressed Run, Cancel or Stop watching. */
  end() {
    if (!this.on) return;
    this.#watched = null;
    this.#toasts.hide(TOAST);
    this.#button.hide();
  }

  /**
   * @param {Iteration[]} loops
   * @param {string} mode
   */
  #begin(loops, mode) {
    this.end();
    const watched = { loops, mode, resting: this.#autoQueue.mode, warned: false };
    this.#watched = watched;
    this.#toasts.showUntilSeen(TOAST, watching(loops.map(({ directory }) => directory)), LIFE_MS);
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
   * How many images the server has ready.
   *
   * @param {Watched} watched
   */
  async #ready(watched) {
    let ready = 0;
    for (const { loop } of watched.loops) {
      try {
        ready += (await this.#server.watch(loop)).ready;
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
    if (watched.warned) return;
    watched.warned = true;
    this.#toasts.show(TOAST, { ...watchingStopped(explained(error), this.on), life: LIFE_MS });
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
  #showButton({ loops }) {
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
