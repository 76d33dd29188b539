import { soon } from "../soon.js";
import { Batches } from "./batches.js";
import { Copying } from "./copying.js";
import { Looking } from "./looking.js";
import { Moves } from "./moves.js";
import { Turns } from "./turns.js";

/**
 * @import { Iteration } from "../../../types/nodes.d.ts"
 * @import { AutoQueue } from "../auto_queue.js"
 * @import { Submissions } from "../submissions.js"
 * @import { AwayNotice } from "./away_notice.js"
 * @import { Batch } from "./batch.js"
 * @import { Claims } from "./claims.js"
 * @import { OnScreen } from "./on_screen.js"
 * @import { Sender } from "./sender.js"
 */

/** How long ComfyUI is kept from showing another workflow while it is still sending, in ms. */
const SENDING_MS = 10_000;

/**
 * Decides whether the page may send, and what: a batch's Run (Instant) runs the batch's workflow,
 * and no other.
 *
 * ComfyUI queues what is on the screen. So when another workflow comes there, Auto Queue is
 * switched off, and the page sends the batch's own from a copy whenever ComfyUI would have queued:
 * when the queue has become empty. With a batch on the screen, too, they take turns. Once the batch's workflow is back on the screen, ComfyUI goes on. A
 * workflow that the page cannot send waits until then.
 *
 * It stands between the pack's modules and ComfyUI's Auto Queue, and has the same methods.
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
  #looking;
  #moves;
  #turns;
  #batches = new Batches();
  /** Whether prompts of the pack's nodes that belong to none of the batches may be in the queue. */
  #hasOthers = false;

  /**
   * @param {object} parts
   * @param {AutoQueue} parts.autoQueue
   * @param {Pick<Claims, "claim" | "release">} parts.claims
   * @param {Pick<AwayNotice, "goesOn" | "waits" | "lost" | "refused" | "elsewhere" | "hide">} parts.notice
   * @param {Pick<OnScreen, "has" | "copy" | "giveBack" | "workflow" | "graphId">} parts.screen
   * @param {Sender} parts.sender
   * @param {Submissions} parts.submissions
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
    this.#copying = new Copying({
      screen,
      here: () => this.#batches.here,
      later,
    });
    this.#moves = new Moves({
      batches: this.#batches,
      claims,
      notice,
      screen,
      moved: () => this.#tell(),
    });
    this.#turns = new Turns({
      batches: this.#batches,
      moves: this.#moves,
      notice,
      sender,
      submissions,
      later,
      wait: given.wait,
    });
    this.#looking = new Looking({
      batches: this.#batches,
      screen,
      look: () => this.look(),
      isBack: (batch) => this.#comeBack(batch),
      every: given.every,
    });
  }

  // ---- Auto Queue, as the pack's modules use it ----

  /** Whether a batch goes on automatically, on the screen or away. */
  get on() {
    return this.#autoQueue.on || this.#batches.away.length > 0;
  }

  get mode() {
    return this.#autoQueue.mode;
  }

  /** Whether this page goes through a whole batch of the workflow on the screen. */
  get runsHere() {
    const { here } = this.#batches;
    if (here === null) return this.#autoQueue.isPressed;
    return this.#autoQueue.runsAll && this.#screen.has(here);
  }

  /**
   * Whether this page goes through the batch of a loop, on the screen or away.
   *
   * @param {string} loop
   */
  goesOn(loop) {
    const isHere = this.#batches.here?.has([loop]) ?? false;
    return this.isAway(loop) || (isHere && this.#autoQueue.runsAll);
  }

  get isOnChange() {
    return this.#autoQueue.isOnChange;
  }

  /** Run the batch of the workflow on the screen. */
  start() {
    return this.#autoQueue.start(this.runsHere);
  }

  /** Queue one prompt of the workflow on the screen. */
  queueOne() {
    return this.#autoQueue.queueOne();
  }

  /** @param {() => void} changed - see `AutoQueue.onChange` */
  onChange(changed) {
    this.#autoQueue.onChange(changed);
  }

  get heldBackBy() {
    return this.#autoQueue.heldBackBy;
  }

  /**
   * Stop the batch of these loops, which a prompt has reported on. Returns the mode that it was in,
   * or null if it was not going on.
   *
   * @param {Iterable<string>} loops
   */
  switchOff(loops) {
    this.look();
    const wanted = [...loops];
    const away = this.#batches.awayWith(wanted);
    if (away.length > 0) return this.#moves.stop(away);
    if (this.isElsewhere(wanted)) return null;
    const rested = this.#batches.here ? undefined : this.#batches.restedWith(wanted);
    if (rested && !this.#screen.has(rested)) return null;
    return this.stopHere();
  }

  /**
   * Stop the workflow on the screen, and no other. Returns the mode that it was in, or null if it
   * was not going on.
   */
  stopHere() {
    this.look();
    const { here } = this.#batches;
    const mode = this.#autoQueue.switchOff();
    if (here && mode !== null) here.mode = mode;
    this.#moves.leave();
    return mode;
  }

  /**
   * Stop the batch of a loop that is away, or else the workflow on the screen. Returns what tells
   * whether a prompt is of what was stopped, by its id and that of its workflow.
   *
   * @param {string | null} loop
   * @returns {(prompt: string, graph: string | undefined) => boolean}
   */
  pause(loop) {
    this.look();
    const away = loop === null ? undefined : this.#batches.awayWith([loop])[0];
    const batch = away ?? this.#batches.here;
    const { graphId } = batch ?? this.#screen;
    if (away) this.#moves.stop([away]);
    else this.stopHere();
    return (prompt, graph) => {
      const sentFor = this.#sender.batchOf(prompt);
      return sentFor ? sentFor === batch : graph === graphId;
    };
  }

  /**
   * Let the batch of a loop that has stopped go on while another workflow is on the screen; returns
   * whether it does.
   *
   * @param {string} loop
   */
  resume(loop) {
    const batch = this.#batches.restedWith([loop]);
    if (!batch || this.#screen.has(batch)) return false;
    this.#goAway(batch, batch.mode);
    return true;
  }

  /**
   * Let a batch go on in a mode returned by `switchOff`, with prompts for some images.
   *
   * @param {string} mode
   * @param {number} images
   * @param {Iterable<string>} [loops]
   */
  goOn(mode, images, loops = []) {
    const batch = this.#batches.restedWith(loops);
    if (!batch || this.#screen.has(batch)) {
      this.#autoQueue.goOn(mode, images);
      return;
    }
    this.#goAway(batch, mode);
    this.proceed();
  }

  /**
   * Whether the stopped batch of these loops could go on with another workflow on the screen.
   *
   * @param {Iterable<string>} loops
   */
  canGoOn(loops) {
    return this.#batches.restedWith(loops)?.canGoOn ?? false;
  }

  /**
   * An error in a prompt has stopped its batch; by default, ComfyUI has stopped the one on the
   * screen.
   *
   * @param {string[]} [loops] - that the prompt has reported on
   * @param {string} [promptId]
   */
  showStopped(loops = [], promptId = "") {
    this.look();
    const sentFor = this.#sender.batchOf(promptId);
    const away = this.#batches.away.filter((batch) => batch === sentFor || batch.has(loops));
    if (away.length > 0) {
      this.#moves.stop(away);
      return;
    }
    if (loops.length > 0 && this.isElsewhere(loops)) return;
    this.#autoQueue.showStopped();
    this.#moves.leave();
  }

  /**
   * End a batch that is away, after its image in progress.
   *
   * @param {Batch} batch
   */
  stopAway(batch) {
    if (this.#batches.away.includes(batch)) this.#moves.stop([batch]);
  }

  /** Queue what Auto Queue would have queued, if it is on. */
  queueAgain() {
    if (this.#autoQueue.on) this.#autoQueue.queueAgain();
  }

  // ---- What happens in the page ----

  /** ComfyUI is about to send a prompt of the workflow on the screen, which has a batch. */
  sending() {
    this.#turns.sending();
    if (!this.#autoQueue.runsAll) return;
    if (!this.#batches.here || !this.#screen.has(this.#batches.here)) this.#moves.here();
    if (this.#batches.here) this.#batches.here.isPending = true;
    this.workflowChanged();
  }

  /** ComfyUI has accepted a prompt of the workflow on the screen, which has a batch. */
  accepted() {
    const { here } = this.#batches;
    if (here) {
      here.isPending = false;
      here.behind += 1;
    } else this.#hasOthers = true;
    this.workflowChanged();
  }

  /** The workflow on the screen may have changed. */
  workflowChanged() {
    this.#copying.renew();
  }

  /**
   * A node has reported on its loop.
   *
   * @param {Iteration} iteration
   */
  heard(iteration) {
    const batch = this.#batches.heard(iteration, this.#hasOthers);
    if (!batch) return;
    batch.loops.add(iteration.loop);
    this.#claims.claim(iteration.loop, () => {
      this.switchOff([iteration.loop]);
      this.#notice.elsewhere(batch);
    });
  }

  /**
   * Whether this loop's workflow is not on the screen: its nodes' ids mean others there.
   *
   * @param {string} loop
   */
  isAway(loop) {
    return this.#batches.away.some(({ loops }) => loops.has(loop));
  }

  /**
   * Whether what a prompt says of these loops is not about the workflow on the screen, whose batch
   * goes on: somebody has run another one in between, or it is away.
   *
   * @param {Iterable<string>} loops
   */
  isElsewhere(loops) {
    const { here } = this.#batches;
    const isAway = this.#batches.awayWith(loops).length > 0;
    return isAway || Boolean(here?.loops.size && !here.has(loops));
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
   * Whether a running prompt, none of whose nodes has reported, is none of a batch: somebody works
   * with another workflow in between.
   *
   * @param {string} promptId
   */
  isOthers(promptId) {
    const isUnsure = this.#batches.away.some(({ isSending, loops }) => isSending || loops.size === 0);
    return this.#batches.away.length > 0 && !isUnsure && !this.#sender.batchOf(promptId);
  }

  /**
   * The server's queue has this many prompts. Frontends decide in the same turn, after this, whether
   * to queue what is on the screen.
   *
   * @param {number | undefined} remaining
   */
  queueIs(remaining) {
    if (remaining === 0) this.#hasOthers = false;
    this.#turns.queueIs(remaining === 0);
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
    if (!this.#autoQueue.on) this.#moves.leave();
    else if (!this.#screen.has(here)) {
      const mode = this.#autoQueue.switchToPlain();
      if (mode !== null) this.#goAway(here, mode);
    }
  }

  /**
   * Another workflow is about to come onto the screen: resolves once nothing is being sent, as
   * ComfyUI would send the new one in place of the old.
   */
  async beforeAnother() {
    if (this.#batches.here) await this.#submissions.over(SENDING_MS);
  }

  /**
   * A batch's workflow is not on the screen: go on without.
   *
   * @param {Batch} batch
   * @param {string} mode - in which it went on
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
    this.#autoQueue.switchOn(batch.mode);
    this.workflowChanged();
    if (isNext) this.queueAgain();
  }

  #tell() {
    this.#looking.renew();
    this.#changed(this.#batches.all.at(-1) ?? null);
  }
}
