/**
 * @import { Api, Node } from "../../types/comfyui.d.ts"
 * @import { Loop } from "../../types/server.d.ts"
 * @import { Gate } from "./gate/gate.js"
 * @import { Submissions } from "./submissions.js"
 * @import { Trial } from "./trial.js"
 * @import { Watch } from "./watch.js"
 */

/** @typedef {"run" | "pause" | "continue"} RunAction - what the Run button of a batch does */

const ITERATOR = "BatchLoopDirectoryIterator";

/**
 * What the Run button of a batch does in the state that the page and the server are in.
 *
 * @param {Pick<Loop, "complete" | "done" | "failed" | "next" | "stopped_on"> | null} state - null
 *   before the first run
 * @param {boolean} goesOn - whether this page goes on by itself: it queues, or watches a folder
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
 * button.
 */
export class RunControl {
  #api;
  #autoQueue;
  #submissions;
  #trial;
  #watch;
  /** Whether a person has paused, and what this page has sent may still be on its way. */
  #isPausing = false;

  /**
   * @param {object} given - the pack's modules of these names, and ComfyUI's `api`
   * @param {Api} given.api
   * @param {Gate} given.autoQueue
   * @param {Pick<Submissions, "open">} given.submissions
   * @param {Trial} given.trial
   * @param {() => Pick<Watch, "on" | "end">} given.watch
   */
  constructor({ api, autoQueue, submissions, trial, watch }) {
    this.#api = api;
    this.#autoQueue = autoQueue;
    this.#submissions = submissions;
    this.#trial = trial;
    this.#watch = watch;
  }

  /** Whether this page goes on by itself: it queues prompts, or watches a folder. */
  get goesOn() {
    return this.#autoQueue.runsAll || this.#watch().on;
  }

  /** Whether each change of the workflow is tried, by Run (On Change). */
  get triesChanges() {
    return this.#autoQueue.isOnChange;
  }

  /** Run what is left of the batch of the workflow on screen. */
  async start() {
    this.#isPausing = false;
    await this.#autoQueue.start();
  }

  /** Stop once the image in progress is finished; what waits in the queue is taken back. */
  async pause() {
    this.#watch().end();
    this.#isPausing = true;
    this.#autoQueue.switchOff();
    await this.#takeBack();
  }

  /** This page has finished sending. */
  sent() {
    if (this.#isPausing) this.#takeBack();
    this.#isPausing = false;
  }

  /**
   * Run the workflow on one image of a Directory Iterator, which counts nothing.
   *
   * @param {Node} node
   * @param {string} path - of the image, relative to the folder; "" for the next
   */
  async tryOne(node, path) {
    // The frontend would send this one together with what it is sending already.
    if (this.#submissions.open) return;
    await this.#trial.run(node, path, () => this.#autoQueue.queueOne());
  }

  /** Take the prompts of batches that this page has sent, and that do not run yet, back. */
  async #takeBack() {
    const response = await this.#api.fetchApi("/queue");
    const { queue_pending: waiting } = await response.json();
    const own = waiting.filter(isOf(this.#api.clientId)).map((/** @type {unknown[]} */ [, id]) => id);
    if (own.length === 0) return;
    const body = JSON.stringify({ delete: own });
    await this.#api.fetchApi("/queue", { method: "POST", body });
  }
}

/**
 * @param {string | undefined} client
 * @returns {(waiting: [number, string, Record<string, { class_type: string }>, { client_id?: string }]) =>
 *   boolean} whether an entry of ComfyUI's queue is a batch's, and was sent by this client
 */
function isOf(client) {
  return ([, , graph, { client_id: sender }]) =>
    sender === client && Object.values(graph).some(({ class_type: type }) => type === ITERATOR);
}
