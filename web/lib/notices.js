import { batchEnd, nothingToDo, paused } from "./words.js";

/** How often, and how many times at most, the server is asked whether the last image is settled. */
const ASK_EVERY_MS = 250;
const ASK_TIMES = 40;
const LIFE_MS = 10_000;

/** What the person at the screen is told of a batch. */
export class Notices {
  #server;
  #toasts;
  #submissions;
  /** Loops of which this tab has run an image since their end was last told. */
  #worked = new Set();
  /** The submission in which the last end, or the last "nothing to do", was told. */
  #toldAt = 0;

  constructor({ server, toasts, submissions }) {
    this.#server = server;
    this.#toasts = toasts;
    this.#submissions = submissions;
  }

  /** Images were taken through the workflow, or failed in it. */
  processed(iterations) {
    for (const { loop } of iterations) {
      this.#worked.add(loop);
      this.#toasts.hide(loop); // what it says is of the batch, or the pause, before
    }
  }

  /** Auto Queue was stopped by End Queue. */
  stopped(run) {
    const isNews = this.#submissions.count > this.#toldAt;
    this.#toldAt = this.#submissions.count;
    const worked = run.loops.filter((loop) => this.#worked.delete(loop));
    for (const loop of worked) this.#tellEnd(loop);
    if (worked.length === 0 && isNews) this.#tellNothing(run);
  }

  /** Auto Queue was stopped by Cancel. */
  paused(iterations) {
    for (const { loop, filename } of iterations) {
      this.#toasts.show(loop, { ...paused(filename), life: LIFE_MS });
    }
  }

  async #tellEnd(loop) {
    try {
      this.#toasts.showUntilSeen(loop, batchEnd(await this.#settled(loop)), LIFE_MS);
    } catch (error) {
      console.warn(`[Batch Loop] the state of the batch could not be read: ${error.message}`);
    }
  }

  #tellNothing(run) {
    const complete = [...run.iterations.values()].filter((iteration) => iteration.complete);
    // An iterator with nothing new to say is cached, and a cached node may stay silent.
    if (complete.length === 0) complete.push({ loop: run.loops[0] ?? "nothing", status: "" });
    for (const { loop, status } of complete) {
      this.#toasts.show(loop, { ...nothingToDo(status), life: LIFE_MS });
    }
  }

  /** The loop's state once the outcome of its last prompt is known to the server. */
  async #settled(loop) {
    for (let asked = 1; ; asked += 1) {
      const state = await this.#server.loop(loop);
      if (!state.ended || asked === ASK_TIMES) return state;
      await new Promise((resume) => setTimeout(resume, ASK_EVERY_MS));
    }
  }
}
