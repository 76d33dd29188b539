import { duration, leftOutLine, noteLines } from "./figures.js";
import { sourceOf, titleOf } from "./items.js";
import { t, textsOf } from "./texts.js";

/**
 * @import { Named } from "./items.js"
 * @import { Fault, Toast } from "../../types/comfyui.d.ts"
 * @import { FinishedBy, Iteration } from "../../types/nodes.d.ts"
 * @import { Failure, ListedLoop, Loop } from "../../types/server.d.ts"
 *
 * @typedef {object} End - what is known of the end of a batch beside the loop's state
 * @property {number} [unreadable] - how many images were tried and could not be read, if nothing
 *   else was
 * @property {boolean} [watches] - whether this page waits for new images
 * @property {string} [results] - where the results are
 * @property {boolean} [filmChanged] - whether the film was changed after them
 */

/** How many invalid nodes a toast names. */
const NAMED_FAULTS = 3;
/** How many failed images a toast names; the others are only counted. */
const NAMED_FAILURES = 3;
/** Longest reason shown, in characters: some nodes put a whole traceback into it. */
const REASON_LENGTH = 160;

/**
 * The last part of a path: the name of a file or folder.
 *
 * @param {string} path - of any operating system
 */
export function ownName(path) {
  return path.split(/[\\/]/).filter(Boolean).pop() ?? path;
}

/**
 * What tells a batch from others on the same folder: its workflow's name, and its own.
 *
 * @param {Pick<ListedLoop, "name" | "title">} loop
 */
export function namesOf({ name, title }) {
  return [...new Set([title, name])].filter(Boolean).join(" · ");
}

/**
 * The first failed images with their reasons, one reason per line; empty if none failed.
 *
 * @param {(Named & Pick<Failure, "reason">)[]} failures
 * @param {number} failed - how many failed: the server lists only the first
 */
export function failureLines(failures, failed) {
  const named = failures.slice(0, NAMED_FAILURES);
  /** @type {Map<string, string[]>} */
  const names = new Map();
  for (const { reason, ...item } of named) {
    const line = String(reason ?? "").split("\n")[0].trim();
    const shown = line.length > REASON_LENGTH ? `${line.slice(0, REASON_LENGTH)}…` : line;
    names.set(shown, [...(names.get(shown) ?? []), titleOf(item)]);
  }
  const lines = [...names].map(([reason, titles]) => `${titles.join(", ")}: ${reason}`);
  const more = failed - named.length;
  if (more > 0) lines.push(t("notice.more", { count: more }));
  return lines;
}

/**
 * The toast at the end of a batch, from the loop's state on the server.
 *
 * @param {Loop} state
 * @param {End} [how]
 * @returns {Toast}
 */
export function batchEnd(state, how = {}) {
  const leftOut = leftOutLine(state);
  const { unreadable = 0, watches = false, results = "", filmChanged = false } = how;
  const figures = {
    done: state.done,
    failed: state.failed,
    pending: state.pending,
    duration: duration(state.seconds),
  };
  return {
    severity: state.complete && !state.failed ? "success" : "warn",
    summary: t(`notice.${state.complete ? (watches ? "soFar" : "complete") : "stopped"}`, figures),
    detail: [
      sourceOf(state.directory),
      ...(results ? [results] : []),
      ...(leftOut ? [leftOut] : []),
      ...(unreadable ? [textsOf(state)("notice.unreadable", { count: unreadable })] : []),
      ...(filmChanged ? [t("notice.filmChanged")] : []),
      ...noteLines(state),
      ...failureLines(state.failures, state.failed),
    ].join("\n"),
  };
}

/**
 * The toast for a prompt that found nothing to do, from Directory Iterator's report.
 *
 * @param {Iteration} iteration
 * @param {boolean} [filmChanged] - whether the film was changed after its results
 * @returns {Toast}
 */
export function nothingToDo(iteration, filmChanged = false) {
  const how = [iteration.finished ? t("notice.nothing.skipped") : t("notice.nothing.again")];
  if (iteration.failed) how.push(t("notice.nothing.retry"));
  if (filmChanged) how.push(t("notice.filmChanged"));
  return nothingAnd(iteration, how);
}

/**
 * @param {Iteration} iteration
 * @param {string[]} how - lines on what has finished the batch, and how to go on
 * @returns {Toast}
 */
function nothingAnd(iteration, how) {
  return {
    severity: "info",
    summary: t("notice.nothing.title"),
    detail: t("notice.nothing.detail", {
      folder: sourceOf(iteration.directory),
      tally: tally(iteration),
      how: how.join("\n"),
    }),
  };
}

/**
 * The notice for a prompt that found nothing to do, as something else had finished the batch.
 *
 * @param {Iteration} iteration
 * @param {FinishedBy} by
 * @param {string} when - when that was, in words
 * @returns {Toast}
 */
export function finishedByOther(iteration, { sender, here }, when) {
  const lines = [t(`notice.nothing.by.${sender}`, { when })];
  if (!here) lines.push(t("notice.nothing.by.elsewhere"));
  return nothingAnd(iteration, lines);
}

/**
 * A complete batch in words, like Directory Iterator's `status` in English.
 *
 * @param {Iteration} iteration
 */
function tally({ total, done, failed, finished, lacking }) {
  const without = lacking ? t("notice.nothing.lacking", { lacking }) : "";
  if (!total) {
    const all = finished ? t("notice.nothing.allThere", { finished }) : t("notice.nothing.empty");
    return all + without;
  }
  return [
    t("notice.nothing.done", { done, total }),
    failed ? t("notice.nothing.failed", { failed }) : "",
    finished ? t("notice.nothing.were", { finished }) : "",
    without,
  ].join("");
}

/**
 * The toast for folders that are watched for new images.
 *
 * @param {string[]} directories
 * @returns {Toast}
 */
export function watching(directories) {
  return {
    severity: "info",
    summary: t("notice.watching.title", { folders: directories.join(", ") }),
    detail: t("notice.watching.how"),
  };
}

/**
 * The toast for a server that refuses to look for new images.
 *
 * @param {string} reason
 * @param {boolean} on - whether it will be asked again
 * @returns {Toast}
 */
export function watchingStopped(reason, on) {
  return warning(on ? t("notice.watching.unreadable") : t("notice.watching.ended"), reason);
}

/**
 * The toast for a batch whose last images other servers are working on.
 *
 * @returns {Toast}
 */
export function waiting() {
  return {
    severity: "info",
    summary: t("notice.waiting.title"),
    detail: t("notice.waiting.how"),
  };
}

/**
 * The toast for a server that refuses to report on such a batch.
 *
 * @param {string} reason
 * @param {boolean} on - whether it will be asked again
 * @returns {Toast}
 */
export function waitingStopped(reason, on) {
  return warning(on ? t("notice.waiting.unreadable") : t("notice.waiting.ended"), reason);
}

/**
 * @param {string} summary
 * @param {string} detail
 * @returns {Toast}
 */
function warning(summary, detail) {
  return { severity: "warn", summary, detail };
}

/**
 * The toast for a batch that was cancelled.
 *
 * @param {string} filename - the next image
 * @returns {Toast}
 */
export function paused(filename) {
  return {
    severity: "info",
    summary: t("notice.paused.title"),
    detail: t("notice.paused.how", { image: filename }),
  };
}

/**
 * The toast for a batch that was cancelled between two images.
 *
 * @returns {Toast}
 */
export function pausedBetween() {
  return {
    severity: "info",
    summary: t("notice.paused.title"),
    detail: t("notice.paused.between"),
  };
}

/**
 * The toast for a batch that was cancelled, and whose image in progress has yet to end.
 *
 * @returns {Toast}
 */
export function cancelling() {
  return { ...pausedBetween(), summary: t("card.cancelling") };
}

/**
 * The toast for an image that only a part of the workflow ran on.
 *
 * @param {Iteration} iteration
 * @returns {Toast}
 */
export function part({ filename, without }) {
  return {
    severity: "info",
    summary: t("notice.part.title"),
    detail: t("notice.part.how", { image: filename, nodes: without.join(", ") }),
  };
}

/**
 * The toast for a prompt that ComfyUI has accepted without the node that ends an image's turn.
 *
 * @param {string} end - that node's title
 * @param {Fault[]} faults
 * @returns {Toast}
 */
export function leftOut(end, faults) {
  const lines = faults.slice(0, NAMED_FAULTS).map(({ node, reason }) => `${node}: ${reason}`);
  return {
    severity: "error",
    summary: t("notice.leftOut.title", { node: end }),
    detail: [...lines, t("notice.leftOut.how")].join("\n"),
  };
}

/**
 * The toast for a batch that ComfyUI, which was away for a while, no longer knows.
 *
 * @param {string} reason - in its words; empty if it has said none
 * @returns {Toast}
 */
export function unknown(reason) {
  return warning(t("notice.unknown.title"), reason || t("notice.unknown.how"));
}

/**
 * The toast for a batch of which it has not become known whether it may go on.
 *
 * @param {string} reason
 * @returns {Toast}
 */
export function stoppedUnsure(reason) {
  return warning(t("notice.unknown.stopped"), `${reason}\n${t("notice.paused.between")}`);
}
