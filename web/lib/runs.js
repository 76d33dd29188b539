/**
 * @import { EndQueue, Iteration, Progress, Said } from "../../types/nodes.d.ts"
 * @import { Next } from "../../types/server.d.ts"
 */

/** How many prompts are remembered: one runs at a time, so more are only left by lost events. */
const LIMIT = 64;

/** What the nodes of one prompt have said so far. */
export class Run {
  /** @type {Map<string, Iteration>} Directory Iterator's word on each loop */
  iterations = new Map();
  /** @type {Map<string, Progress>} Batch Complete's word on each loop */
  progress = new Map();
  /** @type {EndQueue[]} what each End Queue said */
  verdicts = [];

  /**
   * Whether to stop: of several batches, the last one to be complete says so. Any End Queue does
   * that goes by something else.
   */
  get stop() {
    const ofBatches = this.verdicts.filter(({ of_batch }) => of_batch);
    const asks = this.verdicts.some(({ of_batch, next }) => next === "stop" && !of_batch);
    return asks || (ofBatches.length > 0 && ofBatches.every(({ next }) => next === "stop"));
  }

  /** The iterations that handed an image out. */
  get handedOut() {
    return [...this.iterations.values()].filter(handsOut);
  }

  /** Of these, the ones that only a part of the workflow ran on. */
  get inPart() {
    return this.handedOut.filter(({ without }) => without.length);
  }

  /** Whether the batch goes on should the prompt have failed. */
  get goesOnAfterError() {
    return [...this.iterations.values()].some(({ on_error: next }) => next === "go");
  }

  /**
   * The loops to wait for new images in; none if any loop of the run has something left to do: then
   * it was not the end of the batch that stopped it.
   */
  get watched() {
    return this.#next("watch", "stop");
  }

  /**
   * The loops whose last images other servers work on; none if any loop of the run has something
   * left to do here.
   */
  get awaited() {
    return this.#next("wait", "stop", "watch");
  }

  /** Every loop that a node spoke of. */
  get loops() {
    return [...new Set([...this.iterations.keys(), ...this.progress.keys()])];
  }

  /**
   * The loops that have this before them, if no loop has anything but this and the others.
   *
   * @param {Next} wanted
   * @param {...Next} others
   */
  #next(wanted, ...others) {
    const iterations = [...this.iterations.values()];
    /** @param {Iteration} iteration */
    const nextOf = ({ loop, next }) => this.progress.get(loop)?.next ?? next;
    const isThat = iterations.every((each) => [wanted, ...others].includes(nextOf(each)));
    return isThat ? iterations.filter((each) => nextOf(each) === wanted) : [];
  }
}

/**
 * Whether Directory Iterator has given the workflow an image to work on.
 *
 * @param {Iteration} iteration
 */
export function handsOut({ filename }) {
  return filename !== "";
}

/** The memory of the prompts that run, by prompt id; forgets the oldest beyond a limit. */
export class Runs {
  /** @type {Map<string, Run>} */
  #runs = new Map();
  #limit;

  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /**
   * Write down what a node of a prompt said.
   *
   * @param {string} promptId
   * @param {Said} said
   */
  note(promptId, said) {
    const run = this.#run(promptId);
    if (said.kind === "iteration") run.iterations.set(said.loop, said);
    else if (said.kind === "progress") run.progress.set(said.loop, said);
    else if (said.kind === "end_queue") run.verdicts.push(said);
  }

  /**
   * What a prompt said, which is then forgotten; undefined if no node of ours spoke in it.
   *
   * @param {string} promptId
   */
  take(promptId) {
    const run = this.#runs.get(promptId);
    this.#runs.delete(promptId);
    return run;
  }

  /** @param {string} promptId */
  #run(promptId) {
    let run = this.#runs.get(promptId);
    if (!run) {
      run = new Run();
      this.#runs.set(promptId, run);
      const [oldest] = this.#runs.keys();
      if (this.#runs.size > this.#limit) this.#runs.delete(oldest);
    }
    return run;
  }
}
