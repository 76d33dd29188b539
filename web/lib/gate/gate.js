import { soon } from "../soon.js";
import { Batches } from "./batches.js";
import { Copying } from "./copying.js";
import { Looking } from "./looking.js";
import { Moves } from "./moves.js";

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
 * when the queue is empty. Once the batch's workflow is back on the screen, ComfyUI goes on. A
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
  #later;
  #claims;
  #copying;
  #looking;
  #moves;
  #batches = new Batches();
  #isEmpty = false;
  /** Whether prompts of the pack's nodes that belong to none of the batches may be in the queue. */
  #hasOthers = false;

  /**
   * @param {object} parts
   * @param {AutoQueue} parts.autoQueue
   * @param {Pick<Claims, "claim" | "release">} parts.claims
   * @param {Pick<AwayNotice, "goesOn" | "waits" | "refused" | "elsewhere" | "hide">} parts.notice
   * @param {Pick<OnScreen, "has" | "copy" | "giveBack" | "workflow" | "graphId">} parts.screen
   * @param {Sender} parts.sender
   * @param {Submissions} parts.submissions
   * @param {(batch: Batch | null) => void} [parts.changed] - called with a batch that this page
   *   runs, or null, when that may have changed
   * @param {(look: () => void) => () => void} [parts.every] - calls `look` again and again; returns
   *   what ends that
   * @param {(turn: () => void) => void} [parts.later] - runs `turn` after the frontend's own work
   */
  constructor({ autoQueue, claims, notice, screen, sender, submissions, ...given }) {
    this.#autoQueue = autoQueue;
    this.#claims = claims;
    this.#notice = notice;
    this.#screen = screen;
    this.#sender = sender;
    this.#submissions = submissions;
    this.#changed = given.changed ?? (() => {});
    this.#later = given.later ?? soon;
    this.#copying = new Copying({
      screen,
      here: () => this.#batches.here,
      later: this.#later,
    });
    this.#moves = new Moves({
      batches: this.#batches,
      claims,
      notice,
      screen,
      moved: () => this.#tell(),
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

  /** Whether this page goes through a whole batch, on the screen or away. */
  get runsAll() {
    return this.#autoQueue.runsAll || this.#batches.away.length > 0;
  }

  get isOnChange() {
    return this.#autoQueue.isOnChange;
  }

  /** Run the batch of the workflow on the screen. */
  start() {
    return this.#autoQueue.start();
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
   * Stop the batch of these loops; without any, the one on the screen, or else all. Returns the
   * mode that it was in, or null if it was not going on.
   *
   * @param {Iterable<string>} [loops]
   */
  switchOff(loops = []) {
    const wanted = [...loops];
    const away = this.#batches.awayWith(wanted);
    if (away.length > 0) return this.#moves.stop(away);
    // What somebody else has run in between does not end this one.
    const { here } = this.#batches;
    if (wanted.length > 0 && here?.loops.size && !here.has(wanted)) return null;
    const rested = here ? undefined : this.#batches.restedWith(wanted);
    if (rested && !this.#screen.has(rested)) return null;
    const mode = this.#autoQueue.switchOff();
    if (mode === null && wanted.length === 0) return this.#moves.stop(this.#batches.away);
    this.#moves.leave();
    return mode;
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
   * ComfyUI has stopped the batch of these loops; without any, the one on the screen.
   *
   * @param {Iterable<string>} [loops]
   */
  showStopped(loops = []) {
    this.look();
    const away = this.#batches.awayWith(loops);
    if (away.length > 0) {
      this.#moves.stop(away);
      return;
    }
    this.#autoQueue.showStopped();
    this.#moves.leave();
  }

  /**
   * End a batch that is away, after its image in progress.
   *
   * @param {Batch} batch
   */
  pause(batch) {
    if (this.#batches.away.includes(batch)) this.#moves.stop([batch]);
  }

  /** Queue what Auto Queue would have queued, if it is on. */
  queueAgain() {
    if (this.#autoQueue.on) this.#autoQueue.queueAgain();
  }

  // ---- What happens in the page ----

  /** ComfyUI is about to send a prompt of the workflow on the screen, which has a batch. */
  sending() {
    this.#isEmpty = false;
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
   * Whether a running prompt, none of whose nodes has reported, is none of a batch: somebody works
   * with another workflow in between.
   *
   * @param {string} promptId
   */
  isOthers(promptId) {
    const isUnsure = this.#batches.away.some(({ isSending, loops }) => isSending || loops.size === 0);
    return this.#batches.away.length > 0 && !isUnsure && !this.#sender.hasSent(promptId);
  }

  /**
   * The server's queue has this many prompts. Frontends decide in the same turn, after this, whether
   * to queue what is on the screen.
   *
   * @param {number | undefined} remaining
   */
  queueIs(remaining) {
    this.#isEmpty = remaining === 0;
    if (this.#isEmpty) this.#hasOthers = false;
    this.look();
  }

  /** Send what is next, if the queue is empty and nothing is being sent. */
  proceed() {
    if (!this.#isEmpty || this.#submissions.open) return;
    for (const batch of this.#batches.away) if (batch.canGoOn) this.#send(batch);
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
    this.#later(() => this.proceed());
  }

  /** @param {Batch} batch */
  #comeBack(batch) {
    this.#screen.giveBack(batch);
    this.#moves.here();
    this.#autoQueue.switchOn(batch.mode);
    this.workflowChanged();
    // ComfyUI queues by itself when the queue becomes empty, but it is already.
    if (this.#isEmpty && !this.#submissions.open) this.queueAgain();
  }

  /** @param {Batch} batch */
  async #send(batch) {
    if (batch.isSending) return;
    this.#isEmpty = false;
    const refused = await this.#sender.send(batch);
    if (refused !== null && this.#batches.away.includes(batch)) {
      this.#moves.stop([batch]);
      this.#notice.refused(batch, refused);
    }
    // The prompt may have ended before its answer came.
    this.#submissions.end(() => this.proceed());
  }

  #tell() {
    this.#looking.renew();
    this.#changed(this.#batches.all.at(-1) ?? null);
  }
}
