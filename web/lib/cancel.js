/**
 * @import { Iteration } from "../../types/nodes.d.ts"
 * @import { Stopping } from "./gate/stopping.js"
 * @import { Notices } from "./notices.js"
 * @import { PageTitle } from "./page_title.js"
 * @import { Run } from "./runs.js"
 * @import { Watch } from "./watch.js"
 */

/**
 * What Cancel means: it is for the whole batch, not only for the image in progress, after which
 * ComfyUI would queue the next one.
 */
export class Cancel {
  #notices;
  #stopping;
  #title;
  #watch;
  /** Whether Auto Queue was switched off while a prompt may still be interrupted. */
  #isPending = false;
  /** What was said to be cancelled, until a prompt has ended. @type {Iteration[]} */
  #told = [];

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {Pick<Notices, "paused" | "pausedBetween">} parts.notices
   * @param {Pick<Stopping, "switchOff" | "stopHere">} parts.stopping
   * @param {PageTitle} parts.title
   * @param {Watch} parts.watch
   */
  constructor({ notices, stopping, title, watch }) {
    this.#notices = notices;
    this.#stopping = stopping;
    this.#title = title;
    this.#watch = watch;
  }

  /**
   * Cancel was pressed, perhaps between two prompts, when nothing is running.
   *
   * @param {Iteration[]} batch - what was handed out last, while Auto Queue goes on
   * @param {boolean} isRunning - whether a prompt runs
   */
  pressed(batch, isRunning) {
    this.#watch.end();
    if (batch.length === 0 || this.#stopping.switchOff(loopsOf(batch)) === null) return;
    this.#isPending = true;
    this.#title.end();
    this.#told = isRunning ? batch : [];
    this.#notices.pausedBetween(batch, { isRunning });
  }

  /** Cancel was pressed before a batch on the screen that has just begun has reported. */
  pressedAtBeginning() {
    this.#watch.end();
    this.#stopping.stopHere();
    this.#isPending = true;
    this.#title.end();
  }

  /**
   * A prompt has ended, and was not interrupted: if Cancel came too late for it, its batch has
   * stopped all the same.
   *
   * @param {Run} [run] - if it was part of a batch, and its nodes have reported
   */
  ended(run) {
    const told = this.#takeTold(run);
    if (this.#isPending) this.#notices.pausedBetween([...told, ...(run?.handedOut ?? [])]);
    this.#isPending = false;
  }

  /**
   * A prompt was interrupted.
   *
   * @param {Run} [run] - if it was part of a batch, and its nodes have reported
   */
  interrupted(run) {
    this.#watch.end();
    this.#title.end();
    this.#notices.pausedBetween(this.#takeTold(run));
    const wasPending = this.#isPending;
    this.#isPending = false;
    if (!run?.handedOut.length) return;
    const isOff = this.#stopping.switchOff(run.loops) !== null || wasPending;
    if (isOff) this.#notices.paused(run.handedOut);
  }

  /** A new Run begins. */
  beginRun() {
    this.#isPending = false;
    this.#told = [];
  }

  /**
   * Take what was said to be cancelled, but for what the prompt that has ended itself was about.
   *
   * @param {Run} [run]
   */
  #takeTold(run) {
    const told = this.#told.filter(({ loop }) => !run?.loops.includes(loop));
    this.#told = [];
    return told;
  }
}

/** @param {Iteration[]} batch */
function loopsOf(batch) {
  return batch.map(({ loop }) => loop);
}
