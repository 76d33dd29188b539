import { Batch } from "./batch.js";

/**
 * @import { Mode } from "../auto_queue.js"
 * @import { Stood } from "./batch.js"
 * @import { AwayNotice } from "./away_notice.js"
 * @import { Batches } from "./batches.js"
 * @import { Claims } from "./claims.js"
 * @import { OnScreen } from "./on_screen.js"
 */

/** Moves batches to the screen, away from it, and to rest, with what is said and claimed. */
export class Moves {
  #batches;
  #claims;
  #notice;
  #screen;
  #moved;

  /**
   * @param {object} parts
   * @param {Batches} parts.batches
   * @param {Pick<Claims, "release">} parts.claims
   * @param {Pick<AwayNotice, "goesOn" | "waits" | "hide">} parts.notice
   * @param {Pick<OnScreen, "has" | "workflow" | "graphId">} parts.screen
   * @param {() => void} parts.moved - called after each move
   */
  constructor({ batches, claims, notice, screen, moved }) {
    this.#batches = batches;
    this.#claims = claims;
    this.#notice = notice;
    this.#screen = screen;
    this.#moved = moved;
  }

  /**
   * Run was pressed: the workflow on the screen begins, or goes on with, its batch.
   *
   * @param {string[]} expected - its loops, as far as the page knows them
   * @param {Stood} stood - those of them that had run
   */
  begin(expected, stood) {
    this.here();
    const { here } = this.#batches;
    if (!here) return;
    this.#release(here);
    here.beginAnew(expected, stood);
  }

  /** The batch of the workflow on the screen is the one that is there. */
  here() {
    if (this.#batches.here) this.#rest(this.#batches.here);
    const here = this.known();
    this.#notice.hide(here);
    this.#batches.comesHere(here);
    this.#moved();
  }

  /** The batch of the workflow on the screen: one that this page has had, or a new one. */
  known() {
    const { away, rested } = this.#batches;
    const known = [...away, ...rested].find((batch) => this.#screen.has(batch));
    if (known) return known;
    const batch = new Batch(this.#screen.workflow, this.#screen.graphId);
    this.#batches.rests(batch);
    return batch;
  }

  /** The batch on the screen no longer goes on. */
  leave() {
    if (this.#batches.here) this.#rest(this.#batches.here);
    this.#moved();
  }

  /**
   * A batch's workflow is no longer on the screen.
   *
   * @param {Batch} batch
   * @param {Mode} mode - in which it went on
   */
  away(batch, mode) {
    this.#notice.hide(batch);
    this.#batches.goesAway(batch);
    batch.mode = mode;
    batch.held = null;
    // Frontends say nothing more of a prompt whose workflow has left the screen meanwhile.
    if (batch.isPending) batch.behind += 1;
    batch.isPending = false;
    if (batch.canGoOn) this.#notice.goesOn(batch);
    else this.#notice.waits(batch);
    this.#moved();
  }

  /**
   * Stop batches that are away; returns the mode that the first was in, or null if there are none.
   *
   * @param {Batch[]} batches
   */
  stop(batches) {
    const [first] = batches;
    for (const batch of [...batches]) this.#rest(batch);
    this.#moved();
    return first?.mode ?? null;
  }

  /** @param {Batch} batch */
  #rest(batch) {
    this.#notice.hide(batch);
    this.#batches.rests(batch);
    batch.isPending = batch.isUnsure = false;
    batch.held = null;
    this.#release(batch);
  }

  /** @param {Batch} batch */
  #release({ loops }) {
    for (const loop of loops) this.#claims.release(loop);
  }
}
