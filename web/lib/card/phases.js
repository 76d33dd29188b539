import { figuresOf, noteLines } from "../figures.js";
import { otherServers, queuedAt, queuedIn } from "../queued.js";
import { NOT_ALLOWED } from "../requests.js";
import { t } from "../texts.js";
import { lacksPattern, reasonOf } from "./why_nothing.js";

/**
 * @import { Current, Folder, FolderSettings, Loop } from "../../../types/server.d.ts"
 * @import { Refused } from "../requests.js"
 * @import { Figures } from "../figures.js"
 * @import { QueuePlace } from "../gate/queue_places.js"
 * @import { Known, Said, Tried } from "./texts_and_buttons.js"
 */

/**
 * What a Directory Iterator's card says.
 *
 * @param {Known} known
 * @returns {Partial<Said> & { phase: string, headline: string }}
 */
export function phaseOf({ settings, folder, refusal, state, ...more }) {
  const { last = null, watching = false, isKnown = true, isPaused = false, place = null, awaitsLoop = false } = more;
  const { goesOn = false, pauses = false, cancels = false, runsPrompt = false, adds = false } = more;
  const isInOtherTab = !goesOn && Boolean(more.isInOtherTab);
  const figures = state && figuresOf(state);
  // The one that runs is its own if none comes first: it has yet to report.
  const isBegun = runsPrompt && place?.before === 0;
  const queuePlace = refusal || isBegun ? null : queuedAt(state, place);
  const ends = ending({ pauses, cancels });
  if (figures) {
    // A run cannot continue in a folder that is refused.
    const current = state.current[0] ?? (refusal || isPaused ? null : last);
    const wait = ends || otherServers(state, awaitsLoop) || saving(state);
    // A run that has begun goes on with that image.
    const stoppedOn = refusal || isBegun ? null : state.stopped_on;
    if (current && !(stoppedOn && isOnlySaved(state) && !queuePlace)) return underWay(current, figures, wait);
    if (queuePlace && (!isFresh(figures) || state.stopped_on)) return queued(queuePlace, figures);
    if (stoppedOn) return stopped(stoppedOn, figures);
  }
  if (settings && !settings.directory) {
    const detail = t("card.noFolderDetail");
    return { phase: "empty", headline: t("card.noFolder"), detail, isElsewhere: true };
  }
  if (lacksPattern(settings)) {
    return { phase: "pattern", headline: t("card.pattern.empty"), detail: t("card.pattern.emptyDetail") };
  }
  if (refusal && figures && isKnown && isGone(refusal, figures)) return gone(refusal, figures);
  if (refusal) return refused(refusal);
  if (queuePlace) return queued(queuePlace, null);
  if (figures && !isFresh(figures)) {
    const said = atRest(state, figures, { watching, goesOn, isInOtherTab, ends });
    return { ...said, ...newsOf(more.isFolderOld ? null : folder, state, adds && !goesOn) };
  }
  if (ends) return { phase: "running", headline: ends, figures };
  if (folder) return holding(folder, settings, { goesOn, isInOtherTab });
  if (settings) return { phase: "unknown", headline: t("card.looking") };
  return { phase: "unknown", headline: t("card.linked"), detail: t("card.linkedDetail") };
}

/**
 * How the image in progress is about to end; empty if as usual.
 *
 * @param {Record<"pauses" | "cancels", boolean>} page
 */
export function ending({ pauses, cancels }) {
  if (cancels) return t("card.cancelling");
  return pauses ? t("card.pausing") : "";
}

/**
 * What the card says of an image that is tried, or was.
 *
 * @param {Tried} tried
 */
export function trialOf({ path, how }) {
  const name = nameOf(path);
  const isOver = how !== "running";
  const headline = isOver
    ? t(how === "done" ? "card.tried.title" : "card.tried.failed", { name })
    : t("card.trying.title", { name });
  return {
    phase: isOver ? "tried" : "trying",
    tone: /** @type {Said["tone"]} */ (how === "failed" ? "error" : "plain"),
    headline,
    title: path,
    detail: how === "done" ? t("card.tried.detail") : t("card.trying.detail"),
    hint: "",
    image: path,
  };
}

/** @param {Refused} refusal */
function refused({ status, message }) {
  const isNotAllowed = status === NOT_ALLOWED;
  const headline = isNotAllowed ? t("card.notAllowed") : t("card.unusable");
  const tone = /** @type {const} */ ("error");
  const hint = isNotAllowed ? t("card.looksAgain") : "";
  return { phase: "refused", tone, headline, title: message, detail: message, hint, isElsewhere: true };
}

/**
 * Whether a folder is missing in the middle of its batch: it was there.
 *
 * @param {Refused} refusal
 * @param {Figures} figures
 */
function isGone({ isFolderNotFound }, { done, failed, left }) {
  return isFolderNotFound && done + failed > 0 && left > 0;
}

/**
 * @param {Refused} refusal
 * @param {Figures} figures
 */
function gone({ message }, figures) {
  return {
    phase: "gone",
    tone: /** @type {const} */ ("error"),
    headline: t("card.gone.title"),
    title: message,
    detail: t("card.gone.detail", { done: figures.done, total: figures.total }),
    figures,
  };
}

/**
 * @param {Pick<Current, "index" | "path">} current
 * @param {Figures} figures
 * @param {string} wait - what the page waits for meanwhile; empty if for nothing
 */
function underWay({ path, index }, figures, wait) {
  return {
    phase: "running",
    headline: nameOf(path),
    title: path,
    detail: wait || t("card.imageOf", { number: index + 1, total: figures.total }),
    image: path,
    figures,
  };
}

/**
 * That the last image is being saved, which counts as done already; empty if others follow.
 *
 * @param {Loop} state
 */
function saving(state) {
  return state.left === 0 && isOnlySaved(state) ? t("panel.item.finishing") : "";
}

/**
 * Whether what is in progress is only results that are being saved.
 *
 * @param {Pick<Loop, "current">} state
 */
function isOnlySaved({ current }) {
  return current.length > 0 && current.every((each) => each.state === "finishing");
}

/**
 * Whether no image is finished yet.
 *
 * @param {Figures} figures
 */
function isFresh({ done, failed }) {
  return done + failed === 0;
}

/**
 * @param {QueuePlace} place
 * @param {Figures | null} figures
 */
function queued(place, figures) {
  return { phase: "queued", ...queuedIn(place), figures };
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
 * @param {{ watching: boolean, goesOn: boolean, isInOtherTab: boolean, ends: string }} page - what
 *   it does
 */
function atRest(state, figures, { watching, goesOn, isInOtherTab, ends }) {
  if (state.complete && state.next === "watch") {
    const rest = goesOn ? t("card.starting") : t("card.watchDetail");
    const detail = watching ? t("card.watchingDetail") : rest;
    return { phase: "watching", headline: soFar(figures), detail, figures };
  }
  if (!state.complete) {
    const [phase, headline, how] = goesOn
      ? ["starting", t("card.starting")]
      : ends
        ? ["running", ends]
        : isInOtherTab
          ? ["queued", t("card.left", { count: figures.left })]
          : ["paused", t("card.paused", { count: figures.left }), t("card.pausedDetail")];
    const detail = [...noteLines(state), how].filter(Boolean).join(" ");
    return { phase, headline, detail, figures };
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
 * @param {Loop} state
 * @param {boolean} adds - whether Run takes just the new images of a complete batch
 */
function newsOf(folder, { complete, next, total }, adds) {
  if (!folder) return {};
  // As many others may have gone since.
  const isNew = complete && next === "stop" && adds && folder.new > 0;
  if (!isNew && folder.total === total) return {};
  const detail = isNew
    ? t("card.newImages", { count: folder.new })
    : t("card.holdsNow", { count: folder.total });
  return { detail, isNews: true };
}

/**
 * @param {Folder} folder
 * @param {FolderSettings | null} settings
 * @param {{ goesOn: boolean, isInOtherTab: boolean }} page - whether it runs it, or another tab
 */
function holding({ total, first, last, nothing }, settings, { goesOn, isInOtherTab }) {
  if (first === null || last === null) {
    const detail = nothing ? reasonOf(nothing, settings) : "";
    const isElsewhere = nothing?.why === "empty" || nothing?.why === "other";
    return { phase: "none", headline: t("card.none"), detail, isElsewhere };
  }
  const names =
    total === 1 ? [first] : [t("card.first", { name: first }), t("card.last", { name: last })];
  return {
    phase: "ready",
    headline: t("card.holds", { count: total }),
    title: names.join("\n"),
    detail: names.join("\n"),
    hint: goesOn ? t("card.starting") : isInOtherTab ? "" : t("card.hint"),
  };
}

/**
 * How a complete batch has ended.
 *
 * @param {Figures} figures
 */
export function completeLine({ done, failed }) {
  return failed ? t("card.completeFailed", { done, failed }) : t("card.complete", { count: done });
}

/**
 * How far a batch is that has no end.
 *
 * @param {Figures} figures
 */
export function soFar({ done, failed }) {
  return failed ? t("card.soFarFailed", { done, failed }) : t("card.soFar", { count: done });
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
