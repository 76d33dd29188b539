import { explained } from "./errors.js";
import { sourceOf, titleOf } from "./items.js";
import { Refused } from "./requests.js";
import { runAction } from "./run_control.js";
import { t, textsOf } from "./texts.js";
import { namesOf } from "./words.js";

/**
 * @import { Loop, Which } from "../../types/server.d.ts"
 * @import { Named } from "./items.js"
 * @import { NoticeBox } from "./notice_box.js"
 * @import { LoopServer } from "./server.js"
 * @import { ask } from "./question.js"
 * @import { Toasts } from "./toasts.js"
 */

/**
 * @typedef {Pick<Loop, "directory" | "name" | "title" | "done" | "failed" | "finished">} Shown - of
 *   a batch
 */

const LIFE_MS = 8_000;

/** Makes the changes that users ask for, and reports the result. */
export class Changes {
  #server;
  #toasts;
  #notices;
  #ask;
  #changed;
  #goesOn;
  #skips;
  /** What is under way: a second click of a double one asks for it again. @type {Set<string>} */
  #underWay = new Set();
  /** The loop for which each change's message says what to press. @type {Map<string, string>} */
  #toPress = new Map();

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Pick<Toasts, "show" | "hide">} given.toasts
   * @param {Pick<NoticeBox, "show" | "hide">} given.notices
   * @param {typeof ask} given.ask - asks the user
   * @param {() => void} given.changed - called when something was changed from a notice
   * @param {(loop: string) => boolean} given.goesOn - whether this page goes on with it by itself
   * @param {(loop: string) => boolean | null} given.skips - whether a run of it leaves out what has
   *   results; null if that is not known
   */
  constructor({ server, toasts, notices, ask, changed, goesOn, skips }) {
    this.#server = server;
    this.#toasts = toasts;
    this.#notices = notices;
    this.#ask = ask;
    this.#changed = changed;
    this.#goesOn = goesOn;
    this.#skips = skips;
  }

  /**
   * Start a loop over, after a question if that puts finished work behind. Each of these methods
   * returns whether it succeeded.
   *
   * @param {Which} which
   * @param {(Shown & { id?: string }) | null} state - as far as it is known
   */
  async startOver(which, state) {
    const loop = "loop" in which ? which.loop : state?.id;
    const skips = (loop ? this.#skips(loop) : null) ?? Boolean(state?.finished);
    const sure = skips ? "startOver.sureSkips" : "startOver.sure";
    if (state && state.done + state.failed > 0 && !(await this.#isSure("startOver", state, { sure }))) return false;
    return this.#do("startOver", which, async () => {
      const started = await this.#server.reset(which);
      const detail = `${sourceOf(started.directory)}\n${this.#pressNext(skips ? "startOver.doneSkips" : "startOver.done", started)}`.trim();
      return this.#offersUndo(started, detail) ? null : detail;
    });
  }

  /**
   * Take the last Start over of a loop back.
   *
   * @param {string} loop
   */
  undo(loop) {
    this.#notices.hide(loop);
    return this.#do("undo", { loop }, async () => {
      const { directory } = await this.#server.undoReset(loop);
      return `${sourceOf(directory)}\n${t("undo.done")}`;
    });
  }

  /**
   * Retry the failed images of a loop.
   *
   * @param {string} loop
   */
  retry(loop) {
    let title = t("retry.title");
    const act = async () => {
      const state = await this.#server.retry({ loop });
      const isGone = state.complete && !state.failed;
      // The button's own words also say that something went wrong.
      title = isGone ? t("retry.gone") : textsOf(state)("retry.will");
      const next = isGone ? "" : this.#pressNext("retry.done", state);
      return `${sourceOf(state.directory)}\n${next}`.trim();
    };
    return this.#do("retry", { loop }, act, () => title);
  }

  /**
   * Skip the image that a run stopped on.
   *
   * @param {string} loop
   * @param {Named} item
   */
  skip(loop, item) {
    return this.#do("skip", { loop }, async () => {
      const state = await this.#server.skip(loop, item.path);
      const isLast = state.complete && state.next === "stop";
      return `${t("skip.done", { path: titleOf(item) })} ${isLast ? "" : this.#pressNext("skip.goesOn", state)}`.trim();
    });
  }

  /**
   * Forget a loop, after a question that says which.
   *
   * @param {Loop} loop
   */
  async forget(loop) {
    const { id, directory, paired } = loop;
    const more = paired.length ? [t("forget.paired", { folders: paired.map(sourceOf).join(", ") })] : [];
    if (!(await this.#isSure("forget", loop, { sure: "forget.sure", more }))) return false;
    return this.#do("forget", { loop: id }, async () => {
      await this.#server.forget(id);
      // What they offer is gone.
      this.#notices.hide(id);
      this.#toasts.hide(id);
      return `${sourceOf(directory)}\n${t("forget.done")}`;
    });
  }

  /**
   * A run of a loop has begun: what the messages say to press for it is no news any more.
   *
   * @param {string} loop
   */
  wentOn(loop) {
    for (const [what, of] of this.#toPress) {
      if (of !== loop) continue;
      this.#toPress.delete(what);
      this.#toasts.hide(what);
    }
  }

  /**
   * What to press now, in a text that names the button; empty if the batch goes on by itself.
   *
   * @param {`${"startOver" | "retry"}.done` | "startOver.doneSkips" | "skip.goesOn"} text
   * @param {Loop} state - as it stands now
   */
  #pressNext(text, state) {
    const action = runAction(state, this.#goesOn(state.id));
    if (action === "pause") return "";
    this.#toPress.set(text.split(".")[0], state.id);
    return textsOf(state)(text, { button: t(`run.${action}.label`) });
  }

  /**
   * Ask whether that is meant, and for this batch.
   *
   * @param {"startOver" | "forget"} what
   * @param {Shown} batch
   * @param {{ sure: string, more?: string[] }} how - the text on what becomes of it, and lines to
   *   add
   */
  #isSure(what, batch, { sure, more = [] }) {
    const { directory, done, failed } = batch;
    const lines = [sourceOf(directory), namesOf(batch), t(sure, { done, failed }), ...more];
    const message = lines.filter(Boolean).join("\n");
    return this.#ask({ title: t(`${what}.question`), message, yes: t(`${what}.title`) });
  }

  /**
   * Offer to take a Start over back; returns whether the server still can.
   *
   * @param {Loop} started
   * @param {string} detail
   */
  #offersUndo({ id, undo_until: until }, detail) {
    if (until === null) return false;
    const summary = t("startOver.title");
    const act = async () => (await this.undo(id)) && this.#changed();
    const offer = { label: t("undo.label"), act, life: this.#server.timeTo(until) };
    this.#notices.show(id, { severity: "info", summary, detail }, offer);
    return true;
  }

  /**
   * Make a change, unless the same one is under way.
   *
   * @param {"startOver" | "undo" | "retry" | "skip" | "forget"} what
   * @param {Which} which
   * @param {() => Promise<string | null>} act - returns the message to show, if any
   * @param {() => string} [title] - of that message; the button's own words without it
   */
  async #do(what, which, act, title) {
    const key = JSON.stringify([what, which]);
    if (this.#underWay.has(key)) return false;
    this.#underWay.add(key);
    this.#toPress.delete(what);
    const summary = t(`${what}.title`);
    try {
      const detail = await act();
      const said = { severity: /** @type {const} */ ("success"), summary: title?.() ?? summary };
      if (detail !== null) this.#toasts.show(what, { ...said, detail, life: LIFE_MS });
      return true;
    } catch (error) {
      const severity = error instanceof Refused ? "warn" : "error";
      this.#toasts.show(what, { severity, summary, detail: explained(error), life: LIFE_MS });
      return false;
    } finally {
      this.#underWay.delete(key);
    }
  }
}
