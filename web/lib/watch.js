import { watching, watchingStopped } from "./words.js";

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
  /** What is watched: `{loops, mode, resting}`; null while nothing is. */
  #watched = null;

  /** `later` calls a function after some ms; what else is given are the pack's modules. */
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

  #begin(loops, mode) {
    this.end();
    const watched = { loops, mode, resting: this.#autoQueue.mode, warned: false };
    this.#watched = watched;
    this.#toasts.showUntilSeen(TOAST, watching(loops.map(({ directory }) => directory)), LIFE_MS);
    this.#showButton();
    this.#askLater(watched);
  }

  #askLater(watched) {
    this.#later(() => this.#ask(watched), ASK_EVERY_MS);
  }

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
    this.#showButton(); // the workflow may have been opened anew
    this.#askLater(watched);
  }

  /** Whether it is still this that is watched; a mode that somebody has chosen ends it. */
  #goesOn(watched) {
    if (this.#watched !== watched) return false;
    if (this.#autoQueue.mode === watched.resting) return true;
    this.end();
    return false;
  }

  /** How many images the server has ready. */
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

  /** A server that is away, or a folder, may come back; a loop that is forgotten does not. */
  #refused(watched, error) {
    if (this.#watched !== watched || error.status === undefined) return;
    if (error.status === UNKNOWN_LOOP) this.end();
    if (watched.warned) return;
    watched.warned = true;
    this.#toasts.show(TOAST, { ...watchingStopped(error.message, this.on), life: LIFE_MS });
  }

  /** Whether Auto Queue would queue the workflow that was watched: it takes the one on screen. */
  #isOnScreen({ loops }) {
    return loops.every(({ loop }) => this.#screen.node(loop) !== null);
  }

  #showButton() {
    for (const { loop } of this.#watched.loops) {
      const node = this.#screen.node(loop);
      if (node) this.#button.show(node);
    }
  }
}

function defaultLater(turn, ms) {
  setTimeout(turn, ms);
}
