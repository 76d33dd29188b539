import { soon } from "../soon.js";
import { Batches } from "./batches.js";
import { Copying } from "./copying.js";
import { Hold } from "./hold.js";
import { Looking } from "./looking.js";
import { LostServer } from "./lost_server.js";
import { Moves } from "./moves.js";
import { OneRun } from "./one_run.js";
import { QueuePlaces } from "./queue_places.js";
import { Stopping } from "./stopping.js";
import { Turns } from "./turns.js";

/**
 * @import { Iteration } from "../../../types/nodes.d.ts"
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { AutoQueue, Mode } from "../auto_queue.js"
 * @import { Submissions } from "../submissions.js"
 * @import { AwayNotice } from "./away_notice.js"
 * @import { Batch, Stood } from "./batch.js"
 * @import { Claims } from "./claims.js"
 * @import { OnScreen } from "./on_screen.js"
 * @import { Sender } from "./sender.js"
 */

/** @typedef {"goesOn" | "waits" | "lost" | "refused" | "elsewhere" | "hide"} Told */

/**
 * Decides whether the page may send, and what: a batch's Run (Instant) runs the batch's workflow,
 * and no other.
 *
 * ComfyUI queues what is on the screen. So when another workflow comes there, Auto Queue is
 * switched off, and the page sends the batch's own from a copy whenever ComfyUI would have queued:
 * when the queue has become empty. With a batch on the screen, too, they take turns. Once the
 * batch's workflow is back on the screen, ComfyUI goes on. A workflow that the page cannot send
 * waits until then.
 *
 * With its `stopping`, it stands between the pack's modules and ComfyUI's Auto Queue, and has the
 * same methods.
 */
export class Gate {
  #autoQueue;
  #notice;
  #screen;
  #sender;
  #submissions;
  #changed;
  #claims;
  #copying;
  #hold;
  #looking;
  #lostServer;
  #moves;
  #expected;
  #oneRun;
  #stood;
  #turns;
  #batches = new Batches();
  /** Whether prompts of the pack's nodes that belong to none of the batches may be in the queue. */
  #hasOthers = false;
  /** Whether `start` has asked ComfyUI's page to send, which has yet to answer. */
  #isAsked = false;
  /** Whether it has chosen the mode of Run for that. */
  #hasChosen = false;
  /** How many workflows wait to come onto the screen. */
  #leaves = 0;

  /**
   * @param {object} parts
   * @param {AutoQueue} parts.autoQueue
   * @param {Pick<Claims, "areElsewhere" | "claim" | "release">} parts.claims
   * @param {Pick<AwayNotice, Told>} parts.notice
   * @param {Pick<OnScreen, "has" | "copy" | "giveBack" | "workflow" | "graphId">} parts.screen
   * @param {Sender} parts.sender
   * @param {Submissions} parts.submissions
   * @param {(loops: string[]) => Promise<Loop[]>} parts.stands - asks the server how loops stand
   * @param {(ids: string[], loops: Loop[]) => boolean} parts.goesOn - whether the batch of these
   *   loops, whose end may have been missed, goes on as they stand; if not, ends it
   * @param {(ids: string[], error: unknown) => void} parts.isUnknown - ends the batch of these
   *   loops, as the server will not say how they stand
   * @param {() => string[]} [parts.expected] - the loops of the workflow on the screen, as far as
   *   the page knows them, whether or not they have run
   * @param {() => Stood} [parts.stood] - how those of them stand that have run
   * @param {() => boolean} [parts.isRunning] - whether a prompt of this page runs
   * @param {(batch: Batch | null) => void} [parts.changed] - called with a batch that this page
   *   runs, or null, when that may have changed
   * @param {(look: () => void) => () => void} [parts.every] - calls `look` again and again; returns
   *   what ends that
   * @param {(turn: () => void) => void} [parts.later] - runs `turn` after the frontend's own work
   * @param {(turn: () => void, ms: number) => void} [parts.wait] - runs `turn` after so many ms
   */
  constructor({ autoQueue, claims, notice, screen, sender, submissions, later = soon, ...given }) {
    this.#autoQueue = autoQueue;
    this.#claims = claims;
    this.#notice = notice;
    this.#screen = screen;
    this.#sender = sender;
    this.#submissions = submissions;
    this.#changed = given.changed ?? (() => {});
    this.#expected = given.expected ?? (() => []);
    this.#stood = given.stood ?? (() => new Map());
    const batches = this.#batches;
    /** Where the prompts of batches wait. */
    this.places = new QueuePlaces(batches, () => submissions.open, given.isRunning ?? (() => false));
    this.#copying = new Copying({ screen, here: () => batches.here, later });
    this.#moves = new Moves({ batches, claims, notice, screen, moved: () => this.#tell() });
    this.#turns = new Turns({
      batches,
      moves: this.#moves,
      notice,
      places: this.places,
      sender,
      submissions,
      later,
      wait: given.wait,
    });
    this.#hold = new Hold({ autoQueue, batches, screen });
    this.#oneRun = new OneRun({ autoQueue, later });
    this.#lostServer = new LostServer({
      autoQueue,
      batches,
      hold: this.#hold,
      submissions,
      stands: given.stands,
      goesOn: given.goesOn,
      isUnknown: given.isUnknown,
      proceed: () => this.proceed(),
      wait: given.wait,
    });
    this.#looking = new Looking({
      batches,
      screen,
      look: () => this.look(),
      isBack: (batch) => this.#comeBack(batch),
      every: given.every,
    });
    /** Stops batches, and lets them go on. */
    this.stopping = new Stopping({
      autoQueue,
      batches,
      hold: this.#hold,
      moves: this.#moves,
      screen,
      sender,
      look: () => this.look(),
      goAway: (batch, mode) => this.#goAway(batch, mode),
      proceed: () => this.proceed(),
    });
  }

  // ---- Auto Queue, as the pack's modules use it ----

  /** Whether a batch goes on automatically, on the screen or away. */
  get on() {
    return this.#autoQueue.on || this.#isHeld || this.#batches.away.length > 0;
  }

  get mode() {
    return this.#autoQueue.mode;
  }

  /** Whether this page goes through a whole batch of the workflow on the screen. */
  get runsHere() {
    const { here } = this.#batches;
    if (here === null) return this.#autoQueue.isPressed;
    return (this.#autoQueue.runsAll || this.#isHeld) && this.#screen.has(here);
  }

  /** Whether a prompt of the batch on the screen has reported since Run was pressed. */
  get hasRun() {
    return this.runsHere && this.#batches.here?.isNew === false;
  }

  /**
   * Whether this page goes through the batch of a loop, on the screen or away.
   *
   * @param {string} loop
   */
  goesOn(loop) {
    const { here } = this.#batches;
    // With another folder chosen, it is another batch that goes on.
    const isHere = here?.has([loop]) && !here.isAbandonedFor(this.#expected());
    return this.isAway(loop) || (Boolean(isHere) && (this.#autoQueue.runsAll || this.#isHeld));
  }

  /**
   * Whether the workflow on the screen, as it is, runs a loop, as far as the page knows.
   *
   * @param {string} loop
   */
  runs(loop) {
    const named = this.#expected();
    if (named.length > 0) return named.includes(loop);
    const batch = this.#batches.here ?? this.#batches.restedWith([loop]);
    return batch !== undefined && batch.has([loop]) && this.#screen.has(batch);
  }

  get isOnChange() {
    return this.#autoQueue.isOnChange;
  }

  /** Run the batch of the workflow on the screen, unless another tab runs it. */
  async start() {
    this.#oneRun.giveBack();
    if (this.#isAsked) {
      // A second click, or Pause and Run, before what the first has asked for is sent.
      if (this.#hasChosen && !this.#autoQueue.runsAll) this.#autoQueue.chooseAll();
      return;
    }
    this.#isAsked = true;
    try {
      await this.#submissions.ask(() => this.#start());
    } finally {
      this.#isAsked = false;
    }
  }

  /** Queue one prompt of the workflow on the screen. */
  queueOne() {
    this.look();
    return this.#batches.here ? this.#autoQueue.queueOne() : this.#oneRun.queue();
  }

  get heldBackBy() {
    return this.#autoQueue.heldBackBy;
  }

  /** Queue what Auto Queue would have queued, if it is on. */
  queueAgain() {
    if (this.#autoQueue.on) this.#autoQueue.queueAgain();
  }

  // ---- What happens in the page ----

  /** ComfyUI is about to send a prompt of the workflow on the screen, which has a batch. */
  sending() {
    this.#turns.sending();
    this.#oneRun.sending();
    if (this.#autoQueue.runsAll) this.#hold.drop(); // somebody has pressed Run
    else if (!this.#hold.isFor("leaves")) return;
    const before = this.#batches.here;
    const expected = this.#expected();
    const begins = !before || !this.#screen.has(before) || before.isAbandonedFor(expected);
    if (begins) this.#moves.begin(expected, this.#stood());
    const { here } = this.#batches;
    if (here) {
      this.places.sends(here);
      here.isPending = true;
      // What becomes of this prompt will be heard.
      here.isUnsure = this.#lostServer.isLost;
    }
    // The next copy of one that goes on is made once its prompt is accepted. Until then the last
    // one serves, behind by this prompt alone: to make one takes ComfyUI as long as to send.
    if (begins || !here?.copy) this.workflowChanged();
  }

  /** ComfyUI has accepted a prompt of the workflow on the screen, which has a batch. */
  accepted() {
    this.#oneRun.accepted();
    const { here } = this.#batches;
    if (here) {
      this.places.accepted(here);
      here.isPending = false;
      here.behind += 1;
    } else this.#hasOthers = true;
    this.workflowChanged();
  }

  /**
   * None of the prompts of the workflow on the screen was accepted: ComfyUI queues no more of it. A
   * server that is away has refused nothing, nor has one that was when the prompt was sent.
   */
  refused() {
    if (!this.#lostServer.isLost && !this.#batches.here?.isUnsure) this.stopping.showStopped();
  }

  /** The workflow on the screen may have changed. */
  workflowChanged() {
    this.#copying.renew();
  }

  /**
   * A node has reported on its loop.
   *
   * @param {Iteration} iteration
   * @param {string} [promptId]
   */
  heard(iteration, promptId) {
    const batch = this.#batches.heard(iteration, this.#hasOthers);
    if (!batch) return;
    batch.heard(iteration.loop, promptId);
    this.#claims.claim(iteration.loop, () => {
      this.stopping.switchOff([iteration.loop]);
      this.#tellElsewhere(batch, [iteration.loop], true);
    });
  }

  /**
   * Whether this loop's workflow is not on the screen: its nodes' ids mean others there.
   *
   * @param {string} loop
   */
  isAway(loop) {
    return this.#batches.awayWith([loop]).length > 0;
  }

  /**
   * Whether what a prompt says of these loops is not about the workflow on the screen, whose batch
   * goes on: somebody has run another one in between, or it is away.
   *
   * @param {Iterable<string>} loops
   */
  isElsewhere(loops) {
    return this.#batches.isElsewhere(loops);
  }

  /**
   * Whether this page has sent a prompt of a batch that is not on the screen.
   *
   * @param {string} promptId
   */
  hasSent(promptId) {
    return this.#sender.batchOf(promptId) !== undefined;
  }

  /**
   * The loops, as far as they are known, of a batch on the screen that begins: nothing comes before
   * its prompt in ComfyUI's queue, and none of its nodes has reported. Null if there is none.
   */
  get beginning() {
    const { here } = this.#batches;
    const begins = here !== null && here.isNew && here.isQueued && here.before === 0;
    return begins && this.runsHere ? here.expected : null;
  }

  /**
   * Whether a running prompt, none of whose nodes has reported, is none of a batch: somebody works
   * with another workflow in between.
   *
   * @param {string} promptId
   */
  isOthers(promptId) {
    const { all, away, here } = this.#batches;
    const isUnsure = away.some(({ sending, loops }) => sending !== null || loops.size === 0);
    // The page knows the ids of what it sends itself.
    const mayBe = away.some((batch) => batch.isSentByComfyUI && batch.mayBeNext);
    if (isUnsure || mayBe || here?.mayBeNext) return false;
    return all.length > 0 && !this.#sender.batchOf(promptId);
  }

  /**
   * The server's queue has this many prompts. Frontends decide in the same turn, after this,
   * whether to queue what is on the screen.
   *
   * @param {number | undefined} remaining
   */
  queueIs(remaining) {
    if (remaining === 0) this.#hasOthers = false;
    this.#lostServer.queueIs(remaining);
    this.places.queueIs(remaining);
    this.#turns.queueIs(remaining === 0);
    this.#oneRun.queueIs(remaining);
    this.look();
  }

  /** Send what is next, unless ComfyUI is sending. */
  proceed() {
    this.#turns.proceed();
  }

  /** Look whether another workflow has come onto the screen. */
  look() {
    const here = this.#batches.here;
    if (!here) return;
    if (!this.#autoQueue.runsAll && !this.#isHeld) this.#moves.leave();
    else if (!this.#screen.has(here)) {
      const held = this.#hold.mode;
      const mode = this.#autoQueue.switchToPlain() ?? held;
      if (mode !== null) this.#goAway(here, mode);
    } else if (this.#leaves === 0 && this.#hold.isFor("leaves")) this.#stay();
  }

  /**
   * Another workflow is about to come onto the screen: resolves once nothing is being sent, as
   * ComfyUI would send the new one in place of the old.
   */
  async beforeAnother() {
    const { isAsked, open } = this.#submissions;
    // With prompts that end before they are answered, ComfyUI sends the next in one with the last.
    if (open) this.#hold.take("leaves");
    this.#leaves += 1;
    try {
      if (isAsked || this.#batches.here) await this.#submissions.over();
    } finally {
      this.#leaves -= 1;
    }
    // Of the new one, ComfyUI may still send a prompt; it shall not repeat it.
    if (this.#submissions.isAsked && !this.#batches.here) this.#autoQueue.switchOff();
  }

  /** The batch's workflow was to leave the screen, and has not: ComfyUI queues it again. */
  #stay() {
    this.#hold.giveBack("leaves");
    const isNext = this.#autoQueue.runsAll && this.#turns.isEmpty && !this.#submissions.open;
    if (isNext && this.#autoQueue.heldBackBy === undefined) this.#autoQueue.queueAgain();
  }

  /**
   * A batch's workflow is not on the screen: go on without.
   *
   * @param {Batch} batch
   * @param {Mode} mode - in which it went on
   */
  #goAway(batch, mode) {
    this.#moves.away(batch, mode);
    this.#turns.begin(batch);
  }

  /** @param {Batch} batch */
  #comeBack(batch) {
    this.#screen.giveBack(batch);
    const isNext = this.#turns.end(batch);
    this.#moves.here();
    if (batch.mode) this.#autoQueue.switchOn(batch.mode);
    this.workflowChanged();
    if (isNext && !batch.isUnsure) this.queueAgain();
  }

  async #start() {
    const { workflow, graphId } = this.#screen;
    const loops = this.#expected();
    const isElsewhere = !this.runsHere && (await this.#claims.areElsewhere(loops));
    // Another workflow may have come onto the screen, and that is what ComfyUI would send.
    if (!this.#screen.has({ workflow, graphId })) return;
    if (isElsewhere) {
      this.#tellElsewhere(this.#moves.known(), loops, false);
      return;
    }
    if (this.runsHere) return;
    this.#hasChosen = true;
    try {
      await this.#autoQueue.start(false);
    } finally {
      this.#hasChosen = false;
      // Nobody is logged in, or that could not be found out: ComfyUI says so, and sends nothing.
      if (this.#submissions.isAsked && !this.#autoQueue.isSending) this.#autoQueue.showStopped();
    }
  }

  /**
   * Say that another tab runs a batch, for as long as it does.
   *
   * @param {Batch} batch
   * @param {string[]} loops
   * @param {boolean} hasRun - whether a prompt of it has run here, too
   */
  #tellElsewhere(batch, loops, hasRun) {
    this.#notice.elsewhere(batch, hasRun, () => this.#claims.areElsewhere(loops));
  }

  /** Whether ComfyUI queues nothing of the batch on the screen until it is known how it stands. */
  get #isHeld() {
    return this.#hold.mode !== null;
  }

  #tell() {
    this.#looking.renew();
    this.#changed(this.#batches.all.at(-1) ?? null);
  }
}
