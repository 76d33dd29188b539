/**
 * @import { EndQueue, Iteration, Progress, Said } from "../../types/nodes.d.ts"
 * @import { Loop, Next } from "../../types/server.d.ts"
 */

/**
 * How many prompts are remembered: one runs at a time, so others only remain if events are lost.
 */
const LIMIT = 64;

/** The reports of one prompt's nodes so far. */
export class Run {
  /** @type {Map<string, Iteration>} Directory Iterator's report on each loop */
  iterations = new Map();
  /** @type {Map<string, Progress>} the last report on how each loop stands */
  progress = new Map();
  /** @type {Set<string>} the loops whose films were changed after results were made of them */
  changedFilms = new Set();
  /** @type {EndQueue[]} each End Queue's report */
  verdicts = [];

  /**
   * What a prompt would report that finds these loops as they stand.
   *
   * @param {Loop[]} loops
   */
  static of(loops) {
    const run = new Run();
    for (const loop of loops) run.iterations.set(loop.id, iterationOf(loop));
    return run;
  }

  /**
   * Whether to stop: with several batches, when the last one is complete. A loop that no End Queue
   * ends speaks for itself. An End Queue that depends on something else stops by itself.
   */
  get stop() {
    const asks = this.verdicts.some(({ of_batch, next }) => next === "stop" && !of_batch);
    const following = this.verdicts.filter(({ of_batch }) => of_batch).map(({ next }) => next);
    const own = [...this.iterations.values()].filter(({ decides }) => decides);
    const said = [...following, ...own.map((each) => this.#nextOf(each))];
    return asks || (said.length > 0 && said.every((next) => next === "stop" || next === "watch"));
  }

  /** The loops that are complete, as their nodes have said last. */
  get complete() {
    const lastOf = (/** @type {string} */ loop) => this.progress.get(loop) ?? this.iterations.get(loop);
    return this.loops.filter((loop) => lastOf(loop)?.complete);
  }

  /** The iterations that handed out an image. */
  get handedOut() {
    return [...this.iterations.values()].filter(handsOut);
  }

  /** Those of them on which only a part of the workflow ran. */
  get inPart() {
    return this.handedOut.filter(({ without }) => without.length);
  }

  /** Whether the batch goes on if the prompt fails. */
  get goesOnAfterError() {
    return [...this.iterations.values()].some(({ on_error: next }) => next === "go");
  }

  /**
   * The loops to watch for new images; none if any loop of the run has work left, as then it was
   * not the end of the batch that stopped it.
   */
  get watched() {
    return this.#next("watch", "stop");
  }

  /**
   * The loops whose last images other servers are working on; none if any loop of the run has work
   * left here.
   */
  get awaited() {
    return this.#next("wait", "stop", "watch");
  }

  /** All loops that a node reported on. */
  get loops() {
    return [...new Set([...this.iterations.keys(), ...this.progress.keys()])];
  }

  /**
   * The loops whose `next` is `wanted`, if no loop has a `next` other than that and `others`.
   *
   * @param {Next} wanted
   * @param {...Next} others
   */
  #next(wanted, ...others) {
    const iterations = [...this.iterations.values()];
    const isThat = iterations.every((each) => [wanted, ...others].includes(this.#nextOf(each)));
    return isThat ? iterations.filter((each) => this.#nextOf(each) === wanted) : [];
  }

  /**
   * What is next for a loop, as its nodes last said.
   *
   * @param {Iteration} iteration
   */
  #nextOf({ loop, next }) {
    return this.progress.get(loop)?.next ?? next;
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

/**
 * @param {Loop} loop
 * @returns {Iteration}
 */
function iterationOf({ id, name, ...loop }) {
  return {
    ...loop,
    kind: "iteration",
    loop: id,
    loop_name: name,
    index: 0,
    filename: "",
    path: "",
    unreadable: 0,
    on_error: "stop",
    finished_by: null,
    without: [],
    decides: true,
    status: "",
  };
}

/** Remembers running prompts by id; beyond a limit, the oldest are forgotten. */
export class Runs {
  /** @type {Map<string, Run>} */
  #runs = new Map();
  #limit;

  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /**
   * Record a report from a node of a prompt.
   *
   * @param {string} promptId
   * @param {Said} said
   */
  note(promptId, said) {
    const run = this.#run(promptId);
    if (said.kind === "iteration") run.iterations.set(said.loop, said);
    else if (said.kind === "progress") run.progress.set(said.loop, said);
    else if (said.kind === "end_queue") run.verdicts.push(said);
    else if (said.kind === "film_changed") run.changedFilms.add(said.loop);
  }

  /**
   * Return a prompt's run and forget it; undefined if none of the pack's nodes reported in it.
   *
   * @param {string} promptId
   */
  take(promptId) {
    const run = this.#runs.get(promptId);
    this.#runs.delete(promptId);
    return run;
  }

  /**
   * Whether one of the pack's nodes has reported in a prompt.
   *
   * @param {string} promptId
   */
  has(promptId) {
    return this.#runs.has(promptId);
  }

  /**
   * The loops that the pack's nodes have reported on in a prompt.
   *
   * @param {string} promptId
   */
  loopsOf(promptId) {
    return this.#runs.get(promptId)?.loops ?? [];
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
