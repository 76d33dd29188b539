/**
 * @import { AutoQueue, Mode } from "../auto_queue.js"
 * @import { Batch } from "./batch.js"
 * @import { Batches } from "./batches.js"
 * @import { Hold } from "./hold.js"
 * @import { Moves } from "./moves.js"
 * @import { OnScreen } from "./on_screen.js"
 * @import { Sender } from "./sender.js"
 */

/**
 * @typedef {object} Paused - what was stopped
 * @property {(prompt: string, graph: string | undefined) => boolean} isIts - whether a prompt is of
 *   it, by its id and that of its workflow
 * @property {Promise<unknown> | null} sending - resolves once the prompt is in the queue that this
 *   page was sending of it; null if it was sending none
 */

/** Stops batches, on the screen and away, and lets those that have stopped go on. */
export class Stopping {
  #autoQueue;
  #batches;
  #hold;
  #moves;
  #screen;
  #sender;
  #look;
  #goAway;
  #proceed;

  /**
   * @param {object} parts
   * @param {AutoQueue} parts.autoQueue
   * @param {Batches} parts.batches
   * @param {Pick<Hold, "drop">} parts.hold
   * @param {Pick<Moves, "leave" | "stop">} parts.moves
   * @param {Pick<OnScreen, "has" | "graphId">} parts.screen
   * @param {Pick<Sender, "batchOf">} parts.sender
   * @param {() => void} parts.look - looks whether another workflow has come onto the screen
   * @param {(batch: Batch, mode: Mode) => void} parts.goAway - lets a batch go on in a mode while
   *   another workflow is on the screen
   * @param {() => void} parts.proceed - sends what is next
   */
  constructor({ autoQueue, batches, hold, moves, screen, sender, ...given }) {
    this.#autoQueue = autoQueue;
    this.#batches = batches;
    this.#hold = hold;
    this.#moves = moves;
    this.#screen = screen;
    this.#sender = sender;
    this.#look = given.look;
    this.#goAway = given.goAway;
    this.#proceed = given.proceed;
  }

  /**
   * Stop the batch of these loops, which a prompt has reported on. Returns the mode that it was in,
   * or null if it was not going on.
   *
   * @param {Iterable<string>} loops
   */
  switchOff(loops) {
    this.#look();
    const wanted = [...loops];
    const away = this.#batches.awayWith(wanted);
    if (away.length > 0) return this.#moves.stop(away);
    if (this.#batches.isElsewhere(wanted)) return null;
    const rested = this.#batches.here ? undefined : this.#batches.restedWith(wanted);
    if (rested && !this.#screen.has(rested)) return null;
    return this.stopHere();
  }

  /**
   * Stop the workflow on the screen, and no other. Returns the mode that it was in, or null if it
   * was not going on.
   */
  stopHere() {
    this.#look();
    const { here } = this.#batches;
    const held = this.#hold.drop();
    const mode = this.#autoQueue.switchOff() ?? held;
    if (here && mode !== null) here.mode = mode;
    this.#moves.leave();
    return mode;
  }

  /**
   * Stop the batch of a loop that is away, or else the workflow on the screen.
   *
   * @param {string | null} loop
   * @returns {Paused}
   */
  pause(loop) {
    this.#look();
    const away = loop === null ? undefined : this.#batches.awayWith([loop])[0];
    const batch = away ?? this.#batches.here;
    const { graphId } = batch ?? this.#screen;
    if (away) this.#moves.stop([away]);
    else this.stopHere();
    return {
      isIts: (prompt, graph) => {
        const sentFor = this.#sender.batchOf(prompt);
        return sentFor ? sentFor === batch : graph === graphId;
      },
      sending: away?.sending ?? null,
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
    const { isNew, loops, stood } = batch;
    batch.begin(isNew ? stood : new Map([...loops].map((each) => [each, undefined])));
    this.#goAway(batch, batch.mode ?? this.#autoQueue.toStart);
    return true;
  }

  /**
   * Let a batch go on in a mode returned by `switchOff`, with prompts for some images.
   *
   * @param {Mode} mode
   * @param {number} images
   * @param {Iterable<string>} [loops]
   */
  goOn(mode, images, loops = []) {
    const batch = this.#batches.restedWith(loops);
    if (!batch || this.#screen.has(batch)) {
      this.#autoQueue.goOn(mode, images);
      return;
    }
    batch.begin(new Map()); // it was complete, as a rule
    this.#goAway(batch, mode);
    this.#proceed();
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
    this.#look();
    const sentFor = this.#sender.batchOf(promptId);
    const away = this.#batches.away.filter((batch) => batch === sentFor || batch.has(loops));
    if (away.length > 0) {
      this.#moves.stop(away);
      return;
    }
    if (loops.length > 0 && this.#batches.isElsewhere(loops)) return;
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
}
