/**
 * @import { Batch } from "./batch.js"
 * @import { Batches } from "./batches.js"
 */

/**
 * @typedef {object} QueuePlace - the place of a batch's next prompt in ComfyUI's queue
 * @property {number} before - how many prompts come first, as far as that is known
 * @property {boolean} isNew - whether none of its prompts has reported since Run was pressed
 */

/** Knows how many prompts are in ComfyUI's queue before those of this page's batches. */
export class QueuePlaces {
  #batches;
  #isSending;
  #isRunning;
  /** How many prompts are in the queue, including the running one. */
  #remaining = 0;
  /** The same, with those that this page has sent since ComfyUI has told. */
  #length = 0;

  /**
   * @param {Pick<Batches, "all" | "awayWith" | "here">} batches
   * @param {() => boolean} isSending - whether ComfyUI's page is sending a prompt
   * @param {() => boolean} isRunning - whether one of this page's prompts runs
   */
  constructor(batches, isSending, isRunning) {
    this.#batches = batches;
    this.#isSending = isSending;
    this.#isRunning = isRunning;
  }

  /**
   * The server's queue has this many prompts.
   *
   * @param {number | undefined} remaining - undefined if the server is lost
   */
  queueIs(remaining) {
    const gone = remaining === undefined ? 0 : Math.max(0, this.#remaining - remaining);
    for (const batch of this.#batches.all) {
      if (remaining === 0) batch.queueIsEmpty();
      else batch.moveUp(gone, this.#isRunning());
    }
    this.#remaining = this.#length = remaining ?? 0;
  }

  /**
   * A prompt of a batch is about to be sent: it comes after all that are there.
   *
   * @param {Batch} batch
   */
  sends(batch) {
    batch.toBeQueued = this.#length;
    batch.isSentByComfyUI = batch === this.#batches.here;
  }

  /**
   * ComfyUI has accepted that prompt; it may have told before how many there are now.
   *
   * @param {Batch} batch
   */
  accepted(batch) {
    const { toBeQueued } = batch;
    if (toBeQueued === null) return;
    batch.queued.push(toBeQueued);
    batch.toBeQueued = null;
    this.#length = Math.max(this.#length, toBeQueued + 1);
  }

  /**
   * The place of the batch of a loop that goes on; null if it waits for anything but the queue.
   *
   * @param {string | null} loop - null if it is not known
   * @param {boolean} isHere - whether the loop's node is on the screen
   * @returns {QueuePlace | null}
   */
  of(loop, isHere) {
    const batch = this.#batchOf(loop === null ? [] : [loop], isHere);
    if (!batch || !(this.#remaining > 0 || batch.sending || this.#isSending())) return null;
    // One that has nothing in the queue is sent once that is empty.
    const before = batch.isQueued ? batch.before : this.#length;
    return { before, isNew: batch.isNew };
  }

  /**
   * @param {string[]} loops
   * @param {boolean} isHere
   */
  #batchOf(loops, isHere) {
    const { here } = this.#batches;
    const [away] = this.#batches.awayWith(loops);
    if (away) return away.isUnimpeded ? away : null;
    return isHere || here?.has(loops) ? here : null;
  }
}
