import { figuresOf, noteLines, timesOf } from "../figures.js";
import { runAction } from "../run_control.js";
import { t } from "../texts.js";

/**
 * @import { Current, Failure, Folder, FolderSettings, Loop, NothingThere } from "../../../types/server.d.ts"
 * @import { Refused } from "../server.js"
 * @import { Figures } from "../figures.js"
 * @import { RunAction } from "../run_control.js"
 */

/**
 * @typedef {object} Known - what is known about a Directory Iterator
 * @property {FolderSettings | null} settings - null if any of them is linked
 * @property {boolean} canChoose - whether a folder can be written into the node
 * @property {Folder | null} folder - the folder's contents; null if unknown
 * @property {Refused | null} refusal - the server's refusal to list the folder
 * @property {Loop | null} state - the loop's state; null before its first run
 * @property {Current | null} [last] - between two images, the one that was last in progress
 * @property {boolean} [isKnown] - whether that is the state of the loop that the settings stand for
 * @property {boolean} [goesOn] - whether the page goes on with the batch by itself
 * @property {boolean} [triesChanges] - whether Run (On Change) is chosen
 * @property {boolean} [watching] - whether the page watches the folder for new images
 */

/**
 * @typedef {object} Said - the content of a card
 * @property {string} phase
 * @property {"plain" | "good" | "error"} tone
 * @property {string} headline
 * @property {string} title - the full text, where the headline is cut
 * @property {string} detail - in lines
 * @property {string} hint
 * @property {string | null} image - the path of the image to show
 * @property {Figures | null} figures
 */

/**
 * @typedef {object} Buttons - which buttons to show
 * @property {RunAction} run - what Run does
 * @property {boolean} canRun
 * @property {string | null} tries - the image that is tried, "" for the next; null if none can be
 * @property {boolean} listable - whether the folder's images can be listed to choose from
 * @property {boolean} choose
 * @property {boolean} startOver
 * @property {boolean} undo - whether the button takes Start over back
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
  const { settings, canChoose, folder, state, isKnown = true } = known;
  const { goesOn = false, triesChanges = false } = known;
  const said = { ...NOTHING, ...phaseOf(known) };
  const forgets = state?.forgets || folder?.forgets;
  if (forgets) said.hint = `${said.hint} ${t("card.forgets", { reason: forgets })}`.trim();
  if (triesChanges) said.hint = `${t("card.onChange")} ${said.hint}`.trim();
  const hasRun = said.figures !== null;
  const canRun = !["empty", "refused"].includes(said.phase);
  return {
    ...said,
    times: timesIn(said),
    buttons: {
      run: runAction(state, goesOn),
      canRun: canRun || goesOn,
      tries: canRun && said.phase !== "none" && !goesOn ? (state?.stopped_on?.path ?? "") : null,
      listable: settings !== null,
      choose: canChoose,
      startOver: (isKnown && (hasRun || canUndo(state))) || settings === null,
      undo: canUndo(state),
      retry: state?.failed ?? 0,
      skip: state?.stopped_on ?? null,
      report: hasRun,
    },
  };
}

/**
 * Whether Start over is the last that has happened to a batch, and can be taken back.
 *
 * @param {Pick<Loop, "done" | "failed" | "undo_until"> | null} state
 */
export function canUndo(state) {
  return Boolean(state?.undo_until) && state?.done === 0 && state.failed === 0;
}

/**
 * How long the batch takes, as texts.
 *
 * @param {Pick<Said, "figures"> & { phase: string }} said
 */
function timesIn({ figures, phase }) {
  if (!figures) return [];
  const { taken, remaining, perMinute } = timesOf(figures);
  const times = ["complete", "watching"].includes(phase) ? [taken, perMinute] : [taken, remaining, perMinute];
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
    headline: state.complete ? endLine(state, figures) : t("card.progress", settledOf(figures)),
    figures,
    failures: state.failures,
    more: Math.max(0, state.failed - state.failures.length),
  };
}

/**
 * @param {Known} known
 * @returns {Partial<Said> & { phase: string, headline: string }}
 */
function phaseOf({ settings, folder, refusal, state, last = null, watching = false }) {
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
    return { ...atRest(state, figures, watching), ...newsOf(folder, figures) };
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
 * @param {boolean} watching
 */
function atRest(state, figures, watching) {
  if (state.complete && state.next === "watch") {
    const detail = watching ? t("card.watchingDetail") : t("card.watchDetail");
    return { phase: "watching", headline: soFar(figures), detail, figures };
  }
  if (!state.complete) {
    return {
      phase: "paused",
      headline: t("card.paused", { count: figures.left }),
      detail: [...noteLines(state), t("card.pausedDetail")].join(" "),
      figures,
    };
  }
  /** @type {Said["tone"]} */
  const tone = figures.failed ? "plain" : "good";
  const detail = [...noteLines(state), t("card.completeDetail")].join(" ");
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
function holding({ total, first, last, nothing }) {
  if (first === null || last === null) {
    return { phase: "none", headline: t("card.none"), detail: nothing ? reasonOf(nothing) : "" };
  }
  const names =
    total === 1 ? [first] : [t("card.first", { name: first }), t("card.last", { name: last })];
  return {
    phase: "ready",
    headline: t("card.holds", { count: total }),
    title: names.join("\n"),
    detail: names.join("\n"),
    hint: t("card.hint"),
  };
}

/**
 * @param {Loop} state
 * @param {Figures} figures
 */
function endLine({ next }, figures) {
  return next === "watch" ? soFar(figures) : completeLine(figures);
}

/**
 * Why a folder has no images under the settings.
 *
 * @param {NothingThere} nothing
 */
function reasonOf({ why, images, folders, kinds }) {
  const named = kinds.map(({ kind, count }) => `${kind} (${count})`).join(", ");
  return t(`card.nothing.${why}`, { count: images || folders, kinds: named });
}

/** @param {Figures} figures */
function completeLine({ done, failed }) {
  return failed ? t("card.completeFailed", { done, failed }) : t("card.complete", { count: done });
}

/** @param {Figures} figures */
function soFar({ done, failed }) {
  return failed ? t("card.soFarFailed", { done, failed }) : t("card.soFar", { count: done });
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
