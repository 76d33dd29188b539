import { figuresOf, timesOf, unpairedLines } from "../figures.js";
import { t } from "../texts.js";

/**
 * @import { Current, Failure, Folder, FolderSettings, Loop } from "../../../types/server.d.ts"
 * @import { Refused } from "../server.js"
 * @import { Figures } from "../figures.js"
 */

/**
 * @typedef {object} Known - what is known about a Directory Iterator
 * @property {FolderSettings | null} settings - null if any of them is linked
 * @property {boolean} canChoose - whether a folder can be written into the node
 * @property {Folder | null} folder - the folder's contents; null if unknown
 * @property {Refused | null} refusal - the server's refusal to list the folder
 * @property {Loop | null} state - the loop's state; null before its first run
 * @property {Current | null} [last] - between two images, the one that was last in progress
 */

/**
 * @typedef {object} Said - the content of a card
 * @property {string} phase
 * @property {"plain" | "good" | "error"} tone
 * @property {string} headline
 * @property {string} title - the full text, where the headline is cut off
 * @property {string} detail
 * @property {string} hint
 * @property {string | null} image - the path of the image to show
 * @property {Figures | null} figures
 */

/**
 * @typedef {object} Buttons - which buttons to show
 * @property {boolean} choose
 * @property {boolean} startOver
 * @property {number} retry - number of images to retry; 0 for no button
 * @property {Loop["stopped_on"]} skip - the image to skip; null for no button
 * @property {boolean} report
 */

/** @typedef {Said & { times: string[], buttons: Buttons }} IteratorModel */

/**
 * @typedef {object} CompleteModel
 * @property {string} headline
 * @property {Figures | null} figures
 * @property {Failure[]} failures
 * @property {number} more - how many more failed
 */

const NOT_ALLOWED = 403;

/** @type {Omit<Said, "phase" | "headline">} */
const NOTHING = { tone: "plain", title: "", detail: "", hint: "", image: null, figures: null };

/**
 * The content of Directory Iterator's card.
 *
 * @param {Known} known
 * @returns {IteratorModel}
 */
export function iteratorModel(known) {
  const { settings, canChoose, folder, state } = known;
  const said = { ...NOTHING, ...phaseOf(known) };
  const forgets = state?.forgets || folder?.forgets;
  if (forgets) said.hint = `${said.hint} ${t("card.forgets", { reason: forgets })}`.trim();
  const hasRun = said.figures !== null;
  return {
    ...said,
    times: timesIn(said),
    buttons: {
      choose: canChoose,
      startOver: hasRun || settings === null,
      retry: state?.failed ?? 0,
      skip: state?.stopped_on ?? null,
      report: hasRun,
    },
  };
}

/**
 * How long the batch takes, as texts.
 *
 * @param {Pick<Said, "figures"> & { phase: string }} said
 */
function timesIn({ figures, phase }) {
  if (!figures) return [];
  const { taken, remaining, perMinute } = timesOf(figures);
  const times = phase === "complete" ? [taken, perMinute] : [taken, remaining, perMinute];
  return times.filter(Boolean);
}

/**
 * The content of Batch Complete's card.
 *
 * @param {Loop | null} state - null before the first run
 * @returns {CompleteModel}
 */
export function completeModel(state) {
  if (!state) return { headline: t("card.notRun"), figures: null, failures: [], more: 0 };
  const figures = figuresOf(state);
  return {
    headline: state.complete ? completeLine(figures) : t("card.progress", settledOf(figures)),
    figures,
    failures: state.failures,
    more: Math.max(0, state.failed - state.failures.length),
  };
}

/**
 * @param {Known} known
 * @returns {Partial<Said> & { phase: string, headline: string }}
 */
function phaseOf({ settings, folder, refusal, state, last = null }) {
  const figures = state && figuresOf(state);
  if (figures) {
    // A run cannot continue in a folder that is refused.
    const current = state.current[0] ?? (refusal ? null : last);
    if (current) return underWay(current, figures);
    if (state.stopped_on && !refusal) return stopped(state.stopped_on, figures);
  }
  if (settings && !settings.directory) {
    return { phase: "empty", headline: t("card.noFolder"), detail: t("card.noFolderDetail") };
  }
  if (refusal) return refused(refusal);
  if (figures && figures.done + figures.failed > 0) {
    return { ...atRest(state, figures), ...newsOf(folder, figures) };
  }
  if (folder) return holding(folder);
  if (settings) return { phase: "unknown", headline: t("card.looking") };
  return { phase: "unknown", headline: t("card.linked"), detail: t("card.linkedDetail") };
}

/** @param {Refused} refusal */
function refused({ status, message }) {
  const headline = status === NOT_ALLOWED ? t("card.notAllowed") : t("card.unusable");
  const tone = /** @type {const} */ ("error");
  return { phase: "refused", tone, headline, title: message, detail: message };
}

/**
 * @param {Current} current
 * @param {Figures} figures
 */
function underWay({ path, index }, figures) {
  return {
    phase: "running",
    headline: nameOf(path),
    title: path,
    detail: t("card.imageOf", { number: index + 1, total: figures.total }),
    image: path,
    figures,
  };
}

/**
 * @param {NonNullable<Loop["stopped_on"]>} image
 * @param {Figures} figures
 */
function stopped({ path, reason, unreadable }, figures) {
  return {
    phase: "stopped",
    tone: /** @type {const} */ ("error"),
    headline: t("card.stoppedOn", { name: nameOf(path) }),
    title: `${path}\n${reason}`,
    detail: firstLine(reason),
    image: unreadable ? null : path,
    figures,
  };
}

/**
 * @param {Loop} state
 * @param {Figures} figures
 */
function atRest(state, figures) {
  if (!state.complete) {
    return {
      phase: "paused",
      headline: t("card.paused", { count: figures.left }),
      detail: t("card.pausedDetail"),
      figures,
    };
  }
  /** @type {Said["tone"]} */
  const tone = figures.failed ? "plain" : "good";
  const detail = [...unpairedLines(state), t("card.completeDetail")].join(" ");
  return { phase: "complete", tone, headline: completeLine(figures), detail, figures };
}

/**
 * A note if the settings or the files are no longer those of the batch.
 *
 * @param {Folder | null} folder
 * @param {Figures} figures
 */
function newsOf(folder, figures) {
  if (!folder || folder.total === figures.total) return {};
  return { detail: t("card.holdsNow", { count: folder.total }) };
}

/** @param {Folder} folder */
function holding({ total, first, last }) {
  if (first === null || last === null) {
    return { phase: "none", headline: t("card.none"), detail: t("card.noneDetail") };
  }
  const range = total === 1 ? first : t("card.range", { first, last });
  return {
    phase: "ready",
    headline: t("card.holds", { count: total }),
    title: range,
    detail: range,
    hint: t("card.hint"),
  };
}

/** @param {Figures} figures */
function completeLine({ done, failed }) {
  return failed ? t("card.completeFailed", { done, failed }) : t("card.complete", { count: done });
}

/** @param {Figures} figures */
function settledOf({ done, failed, total }) {
  return { settled: done + failed, total };
}

/**
 * The file name of a path inside the folder.
 *
 * @param {string} path
 */
function nameOf(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * The first line of a reason: some nodes put a whole traceback into it.
 *
 * @param {string | null} reason
 */
export function firstLine(reason) {
  return (reason ?? "").split("\n")[0].trim();
}
