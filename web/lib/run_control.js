/**
 * @import { Node } from "../../types/comfyui.d.ts"
 * @import { Loop } from "../../types/server.d.ts"
 * @import { EarlierPrompts } from "./earlier_prompts.js"
 * @import { Endings } from "./endings.js"
 * @import { Gate } from "./gate/gate.js"
 * @import { InProgress } from "./in_progress.js"
 * @import { Paused, Stopping } from "./gate/stopping.js"
 * @import { Submissions } from "./submissions.js"
 * @import { TakeBack } from "./take_back.js"
 * @import { Trial } from "./trial.js"
 * @import { Watch } from "./watch.js"
 */

/** @typedef {"run" | "pause" | "continue"} RunAction - what the Run button of a batch does */

/**
 * @typedef {object} Taken - what is taken back of a batch that was paused
 * @property {string | null} loop - one of its loops; null if none is known
 * @property {Paused["isIts"]} isIts
 * @property {number} count - the number of the submission in which it was, or that was asked for;
 *   what is sent later is not taken back
 */

/**
 * What the cards ask.
 *
 * @typedef {"awaits" | "cancels" | "ends" | "goesOn" | "pauses" | "placeOf" | "runsPrompt" |
 *   "triesChanges"} CardsAsk
 */

/**
 * What the Run button of a batch does in the state that the page and the server are in.
 *
 * @param {Pick<Loop, "complete" | "done" | "failed" | "next" | "stopped_on"> | null} state - null
 *   before the first run
 * @param {boolean} goesOn - whether this page goes on with the loop by itself
 * @returns {RunAction}
 */
export function runAction(state, goesOn) {
  if (goesOn) return "pause";
  if (!state) return "run";
  const { complete, done, failed, next, stopped_on: stopped } = state;
  const isUnderWay = complete ? next === "watch" : done + failed > 0 || stopped !== null;
  return isUnderWay ? "continue" : "run";
}

/**
 * Run, Pause, Continue, and trying one image: the same that a person does with ComfyUI's own
 * button. Each is about one loop, or the workflow that it is in.
 */
export class RunControl {
  #earlier;
  #endings;
  #gate;
  #inProgress;
  #stopping;
  #submissions;
  #takeBack;
  #trial;
  #watch;
  /**
   * What is taken back of paused batches, unless they go on, until the next submission.
   *
   * @type {Set<Taken>}
   */
  #taken = new Set();

  /**
   * @param {object} given - the pack's modules of these names
   * @param {Pick<EarlierPrompts, "placeOf">} given.earlier
   * @param {Pick<Endings, "isBefore">} given.endings
   * @param {Gate} given.gate
   * @param {InProgress} given.inProgress
   * @param {Pick<Stopping, "pause" | "resume">} given.stopping
   * @param {Pick<Submissions, "ask" | "count" | "isAsked" | "open">} given.submissions
   * @param {Pick<TakeBack, "those">} given.takeBack
   * @param {Trial} given.trial
   * @param {() => Pick<Watch, "waitsFor" | "end">} given.watch
   */
  constructor({ earlier, endings, gate, inProgress, stopping, submissions, takeBack, trial, watch }) {
    this.#earlier = earlier;
    this.#endings = endings;
    this.#gate = gate;
    this.#inProgress = inProgress;
    this.#stopping = stopping;
    this.#submissions = submissions;
    this.#takeBack = takeBack;
    this.#trial = trial;
    this.#watch = watch;
  }

  /**
   * Whether this page goes on with a loop by itself: it queues its workflow, or watches its folder.
   *
   * @param {string | null} loop - null if it is not known
   * @param {{ isHere?: boolean }} [where] - whether the loop's node is on the screen
   */
  goesOn(loop, { isHere = false } = {}) {
    if (isHere && this.#gate.runsHere) return true;
    return loop !== null && (this.#gate.goesOn(loop) || this.#watch().waitsFor(loop));
  }

  /**
   * Whether a loop has ended, and is shown as going on until the server has told of it.
   *
   * @param {Loop | null} state - what is known of it
   */
  ends(state) {
    return this.#endings.isBefore(state);
  }

  /**
   * The place in ComfyUI's queue of a loop that this page goes on with, or that was there when the
   * page was loaded; null if it has none.
   *
   * @param {string | null} loop - null if it is not known
   * @param {{ isHere?: boolean }} [where] - whether the loop's node is on the screen
   */
  placeOf(loop, { isHere = false } = {}) {
    if (this.goesOn(loop, { isHere })) return this.#gate.places.of(loop, isHere);
    return loop === null ? null : this.#earlier.placeOf(loop);
  }

  /**
   * Whether this page waits for new images of a loop, or for other servers with its last ones.
   *
   * @param {string | null} loop - null if it is not known
   */
  awaits(loop) {
    return loop !== null && this.#watch().waitsFor(loop);
  }

  /**
   * Whether a loop has been paused, and its image in progress still runs.
   *
   * @param {string | null} loop - null if it is not known
   */
  pauses(loop) {
    return loop !== null && this.#inProgress.pauses(loop);
  }

  /**
   * Whether Cancel was pressed, and the loop's image in progress has yet to end.
   *
   * @param {string | null} loop - null if it is not known
   */
  cancels(loop) {
    return loop !== null && this.#inProgress.cancels(loop);
  }

  /** Whether a prompt of this page runs. */
  get runsPrompt() {
    return this.#inProgress.isAny;
  }

  /** Whether each change of the workflow is tried, by Run (On Change). */
  get triesChanges() {
    return this.#gate.isOnChange;
  }

  /**
   * Run what is left of the batch of the workflow on screen.
   *
   * @param {string | null} loop - one of its loops; null if none is known
   */
  async start(loop) {
    this.#goesOnWith(loop);
    await this.#gate.start();
  }

  /**
   * Run what is left of a loop that has stopped, whichever workflow is on the screen; returns
   * false if the page knows its workflow no longer: it is not on the screen, or has another folder.
   *
   * @param {string} loop
   */
  async resume(loop) {
    if (this.#stopping.resume(loop)) this.#goesOnWith(loop);
    else if (this.#gate.goesOn(loop)) return true;
    else if (this.#gate.runs(loop)) await this.start(loop);
    else return false;
    return true;
  }

  /**
   * Stop a loop, or the workflow on the screen, once the image in progress is finished; what waits
   * in the queue is taken back.
   *
   * @param {string | null} loop - null if it is not known
   * @param {{ isHere?: boolean }} [where] - whether the loop's node is on the screen
   */
  async pause(loop, { isHere = false } = {}) {
    if (loop !== null && this.#watch().waitsFor(loop)) this.#watch().end();
    if (!isHere && (loop === null || !this.#gate.goesOn(loop))) return;
    this.#inProgress.pause(loop);
    const { isIts, sending } = this.#stopping.pause(loop);
    const taken = { loop, isIts, count: this.#submissions.count };
    this.#taken.add(taken);
    await this.#take(taken);
    if (sending) {
      await sending;
      await this.#take(taken);
    }
  }

  /**
   * ComfyUI's page has sent something: of several presses of Run, some frontends report each. What
   * is not part of a submission has no batch.
   */
  async sent() {
    const { count, open } = this.#submissions;
    if (!open) return;
    for (const taken of this.#taken) if (taken.count !== count) this.#taken.delete(taken);
    await Promise.all([...this.#taken].map((taken) => this.#take(taken)));
  }

  /**
   * Run the workflow on one image of a Directory Iterator, which counts nothing.
   *
   * @param {Node} node
   * @param {string} path - of the image, relative to the folder; "" for the next
   */
  async tryOne(node, path) {
    // The frontend would send this one together with what it is sending already.
    if (this.#submissions.open || this.#submissions.isAsked) return;
    const send = () => this.#submissions.ask(() => this.#gate.queueOne());
    await this.#trial.run(node, path, send);
  }

  /**
   * What was paused goes on: nothing more of it is taken back.
   *
   * @param {string | null} loop
   */
  #goesOnWith(loop) {
    for (const taken of this.#taken) if (taken.loop === loop) this.#taken.delete(taken);
    this.#inProgress.goOn(loop);
  }

  /**
   * Take back what waits of a batch that was paused, and note what runs of it.
   *
   * @param {Taken} taken
   */
  async #take(taken) {
    const { loop, count, isIts } = taken;
    const running = await this.#takeBack.those(
      (...prompt) => this.#taken.has(taken) && this.#submissions.count === count && isIts(...prompt),
    );
    if (this.#taken.has(taken)) this.#inProgress.isOf(loop, running);
  }
}
