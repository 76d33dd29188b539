import { soon } from "../soon.js";

/**
 * @import { Submissions } from "../submissions.js"
 * @import { AwayNotice } from "./away_notice.js"
 * @import { Batch } from "./batch.js"
 * @import { Batches } from "./batches.js"
 * @import { Moves } from "./moves.js"
 * @import { QueuePlaces } from "./queue_places.js"
 * @import { Sender } from "./sender.js"
 */

/** How long the page waits before it sends a prompt that was lost again: at first, and at most. */
const FIRST_MS = 2_000;
const MOST_MS = 60_000;

/**
 * Sends the prompts of batches whose workflow is not on the screen, when it is their turn: when the
 * queue has become empty, as ComfyUI would. With a batch on the screen, too, each then sends one.
 */
export class Turns {
  #batches;
  #moves;
  #notice;
  #places;
  #sender;
  #submissions;
  #later;
  #wait;
  #isEmpty = false;

  /**
   * @param {object} parts
   * @param {Batches} parts.batches
   * @param {Pick<Moves, "stop">} parts.moves
   * @param {Pick<AwayNotice, "goesOn" | "lost" | "refused">} parts.notice
   * @param {Pick<QueuePlaces, "sends" | "accepted">} parts.places
   * @param {Sender} parts.sender
   * @param {Pick<Submissions, "open">} parts.submissions
   * @param {(turn: () => void) => void} [parts.later] - runs `turn` after the frontend's own work
   * @param {(turn: () => void, ms: number) => void} [parts.wait] - runs `turn` after so many ms
   */
  constructor({ batches, moves, notice, places, sender, submissions, later = soon, wait = setTimeout }) {
    this.#batches = batches;
    this.#moves = moves;
    this.#notice = notice;
    this.#places = places;
    this.#sender = sender;
    this.#submissions = submissions;
    this.#later = later;
    this.#wait = (/** @type {() => void} */ turn, /** @type {number} */ ms) => wait(turn, ms);
  }

  /** Whether the queue is empty, and nothing is being sent. */
  get isEmpty() {
    return this.#isEmpty;
  }

  /** Something is being sent: the queue will not be empty. */
  sending() {
    this.#isEmpty = false;
  }

  /** @param {boolean} isEmpty - whether the queue is empty */
  queueIs(isEmpty) {
    this.#isEmpty = isEmpty;
    if (isEmpty) for (const batch of this.#batches.away) batch.isDue = true;
  }

  /**
   * The workflow of a batch has left the screen.
   *
   * @param {Batch} batch
   */
  begin(batch) {
    batch.isDue ||= this.#isEmpty;
    this.#later(() => this.proceed());
  }

  /**
   * The workflow of a batch is on the screen again; returns whether ComfyUI has to be asked to
   * queue it, as it does so by itself only when the queue becomes empty.
   *
   * @param {Batch} batch
   */
  end(batch) {
    const isNext = this.#isEmpty || batch.isDue;
    batch.forgetLost();
    return isNext && !this.#submissions.open;
  }

  /** Send the batches that are due, unless ComfyUI is sending. */
  proceed() {
    if (this.#submissions.open) return;
    for (const batch of [...this.#batches.away]) if (batch.canSend) this.#send(batch);
  }

  /** @param {Batch} batch */
  async #send(batch) {
    this.#isEmpty = false;
    batch.isDue = false;
    this.#places.sends(batch);
    const wasLost = batch.lost !== null;
    const sending = this.#sender.send(batch);
    batch.sending = sending;
    const refused = await sending.finally(() => (batch.sending = null));
    if (refused === null && !batch.lost) this.#places.accepted(batch);
    // The prompt may have ended before its answer came.
    this.#later(() => this.proceed());
    if (!this.#batches.away.includes(batch)) {
      batch.forgetLost();
      return;
    }
    if (refused !== null) {
      this.#moves.stop([batch]);
      this.#notice.refused(batch, refused);
    } else if (batch.lost) this.#sendAgain(batch, batch.lost);
    else if (wasLost) this.#notice.goesOn(batch);
  }

  /**
   * The prompt did not get through. Should it have arrived all the same, the batch has one too
   * many, which takes the next image, or finds none.
   *
   * @param {Batch} batch
   * @param {NonNullable<Batch["lost"]>} lost
   */
  #sendAgain(batch, lost) {
    batch.isDue = batch.isPausing = true;
    if (lost.times === 1) this.#notice.lost(batch);
    this.#wait(() => {
      if (batch.lost !== lost) return; // it was paused, or came onto the screen
      batch.isPausing = false;
      this.proceed();
    }, Math.min(FIRST_MS * 2 ** (lost.times - 1), MOST_MS));
  }
}
