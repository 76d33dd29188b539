import { explained, reasonOf } from "./errors.js";
import { loopOf } from "./questions.js";
import { isMissing } from "./requests.js";
import { NOWHERE, resultsIn } from "./result_folder.js";
import { t, texts } from "./texts.js";
import { moment } from "./when.js";
import {
  batchEnd,
  cancelling,
  finishedByOther,
  nothingToDo,
  part,
  paused,
  pausedBetween,
  stoppedUnsure,
  unknown,
} from "./words.js";

/**
 * @import { Shown } from "./changes.js"
 * @import { FinishedBy, Iteration, Progress } from "../../types/nodes.d.ts"
 * @import { Toast } from "../../types/comfyui.d.ts"
 * @import { NoticeBox } from "./notice_box.js"
 * @import { ResultFolder } from "./result_folder.js"
 * @import { RunControl } from "./run_control.js"
 * @import { Run } from "./runs.js"
 * @import { End } from "./words.js"
 * @import { Loop, MadeOfAll } from "../../types/server.d.ts"
 * @import { Poller } from "./poller.js"
 * @import { Signals } from "./sounds_and_notifications.js"
 * @import { Submissions } from "./submissions.js"
 * @import { Toasts } from "./toasts.js"
 */

/** How often, and at most how many times, the server is asked whether the last image has ended. */
const ASK_EVERY_MS = 250;
const ASK_TIMES = 40;
const LIFE_MS = 10_000;

/** Tells the user how a batch is going. */
export class Notices {
  #poller;
  #toasts;
  #ends;
  #signals;
  #submissions;
  #runControl;
  #startOver;
  #resultsOf;
  #linksTo;
  /**
   * Loops that Cancel has paused, and that have not gone on by themselves since.
   *
   * @type {Set<string>}
   */
  #paused = new Set();
  /**
   * Loops of which this tab has run an image since their end was last reported.
   *
   * @type {Set<string>}
   */
  #worked = new Set();
  /** The submission in which the last end, or the last "nothing to do", was reported. */
  #toldAt = 0;

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {Pick<Poller, "follow">} parts.poller
   * @param {Toasts} parts.toasts
   * @param {NoticeBox} parts.ends
   * @param {Signals} parts.signals
   * @param {Submissions} parts.submissions
   * @param {Pick<RunControl, "goesOn" | "resume">} parts.runControl
   * @param {(loop: string, batch: Shown) => void} parts.startOver
   * @param {(loop: string) => Promise<ResultFolder>} parts.resultsOf - where a loop's results are
   * @param {(made: MadeOfAll[]) => HTMLElement} parts.linksTo - what was made of all results
   */
  constructor({ poller, toasts, ends, signals, submissions, runControl, startOver, resultsOf, linksTo }) {
    this.#poller = poller;
    this.#toasts = toasts;
    this.#ends = ends;
    this.#signals = signals;
    this.#submissions = submissions;
    this.#runControl = runControl;
    this.#startOver = startOver;
    this.#resultsOf = resultsOf;
    this.#linksTo = linksTo;
  }

  /**
   * Images went through the workflow, or failed in it.
   *
   * @param {Iteration[]} iterations
   */
  processed(iterations) {
    for (const { loop } of iterations) {
      this.#worked.add(loop);
      // A plain Run does one image; the rest still waits for Continue, which is offered until
      // somebody closes the notice.
      const isPaused = this.#paused.has(loop) && this.#ends.shows(loop);
      // These messages are about the previous batch or pause.
      this.#toasts.hide(loop);
      this.#ends.hide(loop);
      if (isPaused) this.#tellPaused(loop, pausedBetween());
    }
  }

  /** Batches may go on by themselves now: those that do are not paused any more. */
  modeChanged() {
    for (const loop of this.#paused) if (this.#runControl.goesOn(loop)) this.#hidePaused(loop);
  }

  /**
   * Auto Queue was stopped by End Queue; resolves once everything has been reported. If the folder
   * is watched, having nothing to do is not reported.
   *
   * @param {Run} run
   * @param {{ watches?: boolean }} [how]
   */
  async stopped(run, { watches = false } = {}) {
    const isNews = this.#submissions.count > this.#toldAt;
    this.#toldAt = this.#submissions.count;
    for (const loop of run.loops) this.#hidePaused(loop);
    const ended = run.loops.flatMap((loop) => {
      if (this.#worked.delete(loop)) return { loop, unreadable: 0 };
      const unreadable = run.iterations.get(loop)?.unreadable;
      return unreadable ? { loop, unreadable } : [];
    });
    if (ended.length === 0 && isNews && !watches) this.#tellNothing(run);
    await Promise.all(
      ended.map(({ loop, unreadable }) =>
        this.#tellEnd(loop, {
          unreadable,
          watches,
          progress: run.progress.get(loop),
          filmChanged: run.changedFilms.has(loop),
        }),
      ),
    );
  }

  /**
   * Auto Queue was stopped by Cancel; the notice stays until the batch goes on.
   *
   * @param {Iteration[]} iterations
   */
  paused(iterations) {
    for (const { loop, filename } of iterations) {
      this.#tellPaused(loop, paused(filename));
    }
  }

  /**
   * Auto Queue was stopped by Cancel while no image was in progress, or the one that was has yet to
   * end.
   *
   * @param {Iteration[]} iterations - the last ones that were
   * @param {{ isRunning?: boolean }} [how] - whether it has yet to end
   */
  pausedBetween(iterations, { isRunning = false } = {}) {
    for (const { loop } of iterations) {
      this.#tellPaused(loop, isRunning ? cancelling() : pausedBetween());
    }
  }

  /**
   * Only a part of the workflow ran, so these images are still to be done.
   *
   * @param {Iteration[]} iterations
   */
  ranInPart(iterations) {
    for (const iteration of iterations) {
      this.#toasts.show(iteration.loop, { ...part(iteration), life: LIFE_MS });
    }
  }

  /**
   * A batch has ended because it does not become known how it stands on the server, which was lost
   * for a while; the notice stays until it is closed.
   *
   * @param {string[]} loops - those of the batch
   * @param {unknown} [error] - why not, unless the server does not know it any more
   */
  unknown(loops, error) {
    const [loop = ""] = loops;
    const isForgotten = error === undefined || isMissing(error);
    const reason = error === undefined ? "" : explained(error);
    const message = isForgotten ? unknown(reason) : stoppedUnsure(reasonOf(error));
    // There is no report on it.
    this.#ends.showWith(loop, message, []);
  }

  /**
   * Say that a batch is paused, unless it goes on, and offer to continue.
   *
   * @param {string} loop
   * @param {Toast} message
   */
  #tellPaused(loop, message) {
    if (this.#runControl.goesOn(loop)) {
      this.#paused.delete(loop);
      return;
    }
    this.#paused.add(loop);
    const act = async () => {
      if (await this.#runControl.resume(loop)) return;
      this.#tellPaused(loop, message);
      this.#toasts.show(loop, { severity: "warn", summary: t("run.elsewhere"), life: LIFE_MS });
    };
    this.#ends.show(loop, message, { label: t("run.continue.label"), act });
  }

  /** @param {string} loop */
  #hidePaused(loop) {
    if (this.#paused.delete(loop)) this.#ends.hide(loop);
  }

  /**
   * @param {string} loop
   * @param {End & { progress?: Progress }} said - in its last prompt
   */
  async #tellEnd(loop, { progress, ...how }) {
    try {
      const state = await this.#settled(loop);
      if (!state) return; // it has been forgotten
      // It has been started again in the meantime: these figures belong to the new batch.
      if (progress?.complete && !state.complete) return;
      const where = await this.#resultsOf(loop).catch(() => NOWHERE); // it is told without them
      const message = batchEnd(state, { ...how, results: resultsIn(where) });
      this.#ends.show(loop, message, { copies: where.folder, shows: this.#linksTo(state.made_of_all) });
      this.#signals.ended(loop, message);
    } catch (error) {
      console.warn(`[Batch Loop] the state of the batch could not be read: ${error}`);
    }
  }

  /** @param {Run} run */
  #tellNothing(run) {
    const complete = [...run.iterations.values()].filter((iteration) => iteration.complete);
    for (const iteration of complete) {
      const by = iteration.finished_by;
      if (by && !by.own) {
        this.#tellFinished(iteration, by);
        continue;
      }
      this.#toasts.show(iteration.loop, {
        ...nothingToDo(iteration, run.changedFilms.has(iteration.loop)),
        life: LIFE_MS,
      });
    }
  }

  /**
   * Say what has finished a batch, as this page has not, and offer to start over.
   *
   * @param {Iteration} iteration
   * @param {FinishedBy} by
   */
  #tellFinished(iteration, by) {
    const { loop, loop_name: name } = iteration;
    const message = finishedByOther(iteration, by, moment(by.at, texts().language));
    // The notice has said whose it is.
    const act = () => this.#startOver(loop, { ...iteration, name, title: "" });
    this.#ends.show(loop, message, { label: t("startOver.title"), act });
  }

  /**
   * The loop's state once the server knows the outcome of the batch's last prompt; null if the loop
   * is unknown.
   *
   * @param {string} loop
   */
  #settled(loop) {
    const question = loopOf(loop);
    /** @type {Loop | null} */
    let state = null;
    let asked = 0;
    return new Promise((/** @type {(state: Loop | null) => void} */ settle, refuse) => {
      const following = this.#poller.follow({
        questions: () => [question],
        told: (answers) => {
          const { value: now, error } = answers.get(question) ?? {};
          asked += 1;
          const isSame = asked === 1 || (now && now.batch === state?.batch);
          if (!error && isSame) state = now;
          if (!error && isSame && state?.finishing && asked < ASK_TIMES) return;
          following.end();
          if (error) refuse(error);
          else settle(state);
        },
        always: ASK_EVERY_MS,
        unseen: true,
      });
      following.renew();
    });
  }
}
