/** @import { Loop } from "../../../types/server.d.ts" */
/** @import { Workflow } from "../../../types/comfyui.d.ts" */
/** @import { Mode } from "../auto_queue.js" */
/** @import { Copy } from "./copy.js" */
/** @import { Reason } from "./hold.js" */

/**
 * How loops stood when Run was pressed: null for one that had not run, and undefined if that is not
 * known.
 *
 * @typedef {Map<string, Pick<Loop, "complete" | "ran_at"> | null | undefined>} Stood
 */

/** A batch that this page sends the prompts of, or has sent until it paused. */
export class Batch {
  /** Its loops, as far as its nodes have reported them. @type {Set<string>} */
  loops = new Set();
  /**
   * Those that its prompt before the last has reported, and the last, since Run was pressed.
   *
   * @type {string[][]}
   */
  #reported = [[], []];
  /** The id of its prompt that has reported last. @type {string | undefined} */
  #prompt;
  /** Its workflow as it was last on screen; null if it could not be copied. @type {Copy | null} */
  copy = null;
  /** How many runs have been sent since the copy was made. */
  behind = 0;
  /** The mode of Run to go on in; null if none was switched off. @type {Mode | null} */
  mode = null;
  /** Whether ComfyUI is sending a prompt, as far as it has said. */
  isPending = false;
  /** Whether the page is to send the next prompt, while another workflow is on the screen. */
  isDue = false;
  /**
   * Resolves once ComfyUI has answered to the prompt that the page sends; null if it sends none.
   *
   * @type {Promise<unknown> | null}
   */
  sending = null;
  /**
   * The prompt that did not get through, and how many times in a row; null if the last one did.
   *
   * @type {{ prompt: unknown, times: number } | null}
   */
  lost = null;
  /** Whether the page waits before it sends that again. */
  isPausing = false;
  /** Whether its end may have been missed: the server is asked before it goes on. */
  isUnsure = false;
  /** After which loss of the server it was asked last; 0 for none. */
  askedAfter = 0;
  /** Those that its workflow names, as far as the page knows until they report. @type {string[]} */
  expected = [];
  /** Those that Run was pressed for, as far as the page knew. @type {Stood} */
  stood = new Map();
  /**
   * How many prompts come before each of its own that are in ComfyUI's queue, as far as that is
   * known, the first of them first. In doubt, fewer.
   *
   * @type {number[]}
   */
  queued = [];
  /** Whether the first of those has reported: it is the running one, or the last that has run. */
  #isFirstHeard = false;
  /** Whether any of those from before Run was pressed may come first: how many is not known. */
  #isInDoubt = false;
  /** How many come before the one that is being sent; null if none is. @type {number | null} */
  toBeQueued = null;
  /** Whether ComfyUI's page has sent the last of them: their ids are not known then. */
  isSentByComfyUI = false;
  /** Whether none of its prompts has reported since Run was pressed. */
  isNew = true;
  /**
   * The mode of Run that `Hold` has switched off, the one since then, and why; null if it has not.
   *
   * @type {{ mode: Mode, resting: string | undefined, reasons: Set<Reason> } | null}
   */
  held = null;
  /** How many times in a row its workflow was seen on the screen again. */
  seen = 0;

  /**
   * @param {Workflow | null} workflow - ComfyUI's own object
   * @param {string | undefined} graphId - the id that ComfyUI has given it, if it has
   */
  constructor(workflow, graphId) {
    this.workflow = workflow;
    this.graphId = graphId;
  }

  /** Whether the page can send it while another workflow is on the screen. */
  get canGoOn() {
    return this.copy !== null && !this.copy.needsAccount;
  }

  /** Whether nothing but the queue is in its way, as long as another workflow is on the screen. */
  get isUnimpeded() {
    return this.canGoOn && !this.isPausing && !this.isUnsure;
  }

  /** Whether the page may send it now. */
  get canSend() {
    return this.isUnimpeded && this.isDue && this.sending === null;
  }

  /**
   * The loops that its last prompts since Run have reported on: while one runs, it may not have
   * reported on all. Before the first report, those that Run was pressed for.
   */
  get lately() {
    return this.isNew ? [...this.stood.keys()] : [...new Set(this.#reported.flat())];
  }

  /** Whether a prompt of it is in ComfyUI's queue, or being sent, as far as that is known. */
  get isQueued() {
    return this.queued.length > 0 || this.toBeQueued !== null;
  }

  /**
   * Whether a prompt of it may be the first in ComfyUI's queue, the running one. Where that is not
   * certain, it may: Cancel of its own prompt must stop it.
   */
  get mayBeNext() {
    return this.isNew || this.isUnsure || (this.isQueued && this.before === 0);
  }

  /** How many prompts come before its next one, as far as that is known. */
  get before() {
    return this.queued[0] ?? this.toBeQueued ?? 0;
  }

  /**
   * So many prompts have left ComfyUI's queue, but not a running one of this page. Those that wait
   * may have been deleted, before its own or after them; its own count until they have reported.
   *
   * @param {number} gone
   * @param {boolean} isRunning - whether a prompt of this page runs
   */
  moveUp(gone, isRunning) {
    if (gone === 0) return;
    if (!isRunning && this.#isFirstHeard) this.queued.shift();
    this.#isFirstHeard &&= isRunning;
    /** @param {number} before */
    const up = (before) => Math.max(isRunning ? Math.min(before, 1) : 0, before - gone);
    this.queued = this.queued.map(up);
    if (this.toBeQueued !== null) this.toBeQueued = up(this.toBeQueued);
  }

  /** ComfyUI's queue is empty. */
  queueIsEmpty() {
    this.queued = [];
    this.#isFirstHeard = this.#isInDoubt = false;
    if (this.toBeQueued !== null) this.toBeQueued = 0;
  }

  /**
   * Run was pressed. What the server says of its loops is of earlier runs, until they report again.
   *
   * @param {Stood} stood - those that the server is asked about if it is lost before that
   */
  begin(stood) {
    this.isNew = true;
    this.stood = stood;
    this.#reported = [[], []];
    this.queueIsEmpty();
    this.toBeQueued = null;
    this.forgetLost();
  }

  /** What was lost is not sent again: what comes next is another prompt. */
  forgetLost() {
    this.lost = null;
    this.isPausing = false;
  }

  /**
   * Run was pressed with its workflow on the screen, whose loops may be others by now.
   *
   * @param {string[]} expected - its loops, as far as the page knows them
   * @param {Stood} stood - those of them that had run
   */
  beginAnew(expected, stood) {
    this.begin(new Map(expected.map((loop) => [loop, stood.get(loop) ?? null])));
    this.loops.clear();
    this.expected = expected;
  }

  /**
   * A prompt has reported on a loop of the batch.
   *
   * @param {string} loop
   * @param {string} [prompt] - its id
   */
  heard(loop, prompt) {
    this.loops.add(loop);
    // One that has others before it has not begun: this is one from before Run was pressed.
    if (this.before > 0) {
      this.moveUp(this.before, false);
      this.#isInDoubt = true;
    } else if (this.isQueued && !this.#isInDoubt) this.#isFirstHeard = true;
    this.isNew = false;
    if (prompt !== this.#prompt) this.#reported = [this.#reported[1], []];
    this.#prompt = prompt;
    this.#reported[1].push(loop);
  }

  /** Whether it has one of these loops. @param {Iterable<string>} loops */
  has(loops) {
    const own = this.loops.size > 0 ? [...this.loops] : this.expected;
    return [...loops].some((loop) => own.includes(loop));
  }

  /**
   * Whether a prompt with these loops is one of those that come before its own, which has yet to
   * report and is about others.
   *
   * @param {Iterable<string>} loops
   * @param {boolean} areOthers - whether these loops are known to be of another batch
   */
  isAfter(loops, areOthers) {
    const isWaiting = this.isNew && this.before > 0;
    const isTold = areOthers || this.expected.length > 0;
    return isWaiting && isTold && ![...loops].some((loop) => this.expected.includes(loop));
  }

  /**
   * How its loops stand since Run was pressed, though nothing was heard of that. What had stopped
   * one before that counts no more unless it has run, nor does that it was complete, if none has.
   *
   * @param {Loop[]} loops - as they stand now
   */
  sinceRun(loops) {
    const isNews = loops.some((loop) => this.#hasRun(loop));
    return loops.map((loop) => {
      const isAsBefore = !isNews && this.stood.get(loop.id)?.complete;
      if (this.#hasRun(loop) || (loop.complete && !isAsBefore)) return loop;
      /** @type {Loop["next"]} */
      const next = loop.next === "stop" || loop.complete ? "go" : loop.next;
      return { ...loop, complete: false, interrupted: false, next };
    });
  }

  /**
   * Whether one of its loops has run since Run was pressed.
   *
   * @param {Loop} loop - as it stands now
   */
  #hasRun({ id, ran_at: ranAt }) {
    const before = this.stood.get(id);
    return before !== undefined && before?.ran_at !== ranAt;
  }

  /**
   * Whether one of its loops has yet to run for the first time.
   *
   * @param {Pick<Loop, "id">[]} loops - those that the server knows
   */
  isToBegin(loops) {
    const known = loops.map(({ id }) => id);
    return [...this.stood].some(([loop, before]) => before === null && !known.includes(loop));
  }

  /**
   * Whether the workflow names none of its loops any more: somebody has chosen another folder.
   *
   * @param {string[]} named - as far as the page knows
   */
  isAbandonedFor(named) {
    const isKnown = this.loops.size + this.expected.length > 0;
    return isKnown && named.length > 0 && !this.has(named);
  }

  /** The prompt to send next: one that was lost, before it is known to have got through. */
  next() {
    const { copy } = this;
    if (this.lost) return this.lost.prompt;
    // What ComfyUI has sent since then had these values.
    for (; this.behind > 0; this.behind -= 1) copy?.advance();
    return copy?.next();
  }
}
