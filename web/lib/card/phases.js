import { duration, figuresOf, leftOutLine, noteLines } from "../figures.js";
import { otherServers, queuedAt, queuedIn } from "../queued.js";
import { NOT_ALLOWED } from "../requests.js";
import { nameOf, titleOf } from "../items.js";
import { t, texts, textsFor } from "../texts.js";
import { isChosen } from "./folder_settings.js";
import { lacksPattern, reasonOf } from "./why_nothing.js";

/**
 * @import { Film, Folder, ItemSettings, Loop, Table } from "../../../types/server.d.ts"
 * @import { Named } from "../items.js"
 * @import { Refused } from "../requests.js"
 * @import { Figures } from "../figures.js"
 * @import { QueuePlace } from "../gate/queue_places.js"
 * @import { Known, Said, Tried } from "./texts_and_buttons.js"
 *
 * @typedef {ReturnType<typeof textsFor>} Say - the texts for what the batch has: images, or rows
 */

/**
 * What a Directory Iterator's card says.
 *
 * @param {Known} known
 * @returns {Partial<Said> & { phase: string, headline: string }}
 */
export function phaseOf({ settings, folder, refusal, state, ...more }) {
  const { last = null, watching = false, isKnown = true, isPaused = false, place = null, awaitsLoop = false } = more;
  const say = textsFor(more.source ?? "images");
  const { goesOn = false, pauses = false, cancels = false, runsPrompt = false } = more;
  const { adds = false, repeats = false, skips = false } = more;
  const isInOtherTab = !goesOn && Boolean(more.isInOtherTab);
  const figures = state && figuresOf(state);
  // The one that runs is its own if none comes first: it has yet to report.
  const isBegun = runsPrompt && place?.before === 0;
  const queuePlace = refusal || isBegun ? null : queuedAt(state, place);
  const ends = ending({ pauses, cancels }, say);
  if (figures) {
    // A run cannot continue in a folder that is refused.
    const current = state.current[0] ?? (refusal || isPaused ? null : last);
    const wait = ends || otherServers(state, awaitsLoop) || saving(state);
    // A run that has begun goes on with that image.
    const stoppedOn = refusal || isBegun ? null : state.stopped_on;
    if (current && !(stoppedOn && isOnlySaved(state) && !queuePlace)) return underWay(current, figures, wait, say);
    if (queuePlace && (!isFresh(figures) || state.stopped_on)) return queued(queuePlace, figures);
    if (stoppedOn) return stopped(stoppedOn, figures);
  }
  if (settings && !isChosen(settings)) {
    const detail = say("card.noFolderDetail");
    return { phase: "empty", headline: say("card.noFolder"), detail, isElsewhere: true };
  }
  if (lacksPattern(settings)) {
    return { phase: "pattern", headline: t("card.pattern.empty"), detail: t("card.pattern.emptyDetail") };
  }
  if (refusal && figures && isKnown && isGone(refusal, figures)) return gone(refusal, figures, say);
  if (refusal) return refused(refusal, say);
  if (queuePlace) return queued(queuePlace, null);
  if (figures && !isFresh(figures)) {
    const said = atRest(state, figures, { watching, goesOn, isInOtherTab, ends }, say);
    const now = more.isFolderOld ? null : folder;
    return { ...said, ...newsOf(now, settings, state, { adds: adds && !goesOn, repeats, skips }, say) };
  }
  if (ends) return { phase: "running", headline: ends, figures };
  const page = { goesOn, isInOtherTab, skips, source: more.source ?? "images" };
  if (folder) return holding(folder, settings, page, say);
  if (settings) return { phase: "unknown", headline: say("card.looking") };
  return { phase: "unknown", headline: say("card.linked"), detail: say("card.linkedDetail") };
}

/**
 * How the image in progress is about to end; empty if as usual.
 *
 * @param {Record<"pauses" | "cancels", boolean>} page
 * @param {Say} say
 */
export function ending({ pauses, cancels }, say) {
  if (cancels) return t("card.cancelling");
  return pauses ? say("card.pausing") : "";
}

/**
 * What the card says of an image that is tried, or was.
 *
 * @param {Tried} tried
 */
export function trialOf({ how, ...item }) {
  const name = nameOf(item);
  const isOver = how !== "running";
  const headline = isOver
    ? t(how === "done" ? "card.tried.title" : "card.tried.failed", { name })
    : t("card.trying.title", { name });
  return {
    phase: isOver ? "tried" : "trying",
    tone: /** @type {Said["tone"]} */ (how === "failed" ? "error" : "plain"),
    headline,
    name,
    title: titleOf(item),
    detail: how === "done" ? t("card.tried.detail") : t("card.trying.detail"),
    hint: "",
    image: item,
  };
}

/**
 * @param {Refused} refusal
 * @param {Say} say
 */
function refused({ status, message }, say) {
  const isNotAllowed = status === NOT_ALLOWED;
  const headline = isNotAllowed ? say("card.notAllowed") : say("card.unusable");
  const tone = /** @type {const} */ ("error");
  const hint = isNotAllowed ? say("card.looksAgain") : "";
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
 * @param {Say} say
 */
function gone({ message }, figures, say) {
  return {
    phase: "gone",
    tone: /** @type {const} */ ("error"),
    headline: say("card.gone.title"),
    title: message,
    detail: say("card.gone.detail", { done: figures.done, total: figures.total }),
    figures,
  };
}

/**
 * @param {Named & { index: number }} current
 * @param {Figures} figures
 * @param {string} wait - what the page waits for meanwhile; empty if for nothing
 * @param {Say} say
 */
function underWay({ index, ...item }, figures, wait, say) {
  return {
    phase: "running",
    headline: nameOf(item),
    name: nameOf(item),
    title: titleOf(item),
    detail: wait || say("card.imageOf", { number: index + 1, total: figures.total }),
    image: { path: item.path, title: item.title },
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
function stopped({ reason, unreadable, ...item }, figures) {
  const name = nameOf(item);
  return {
    phase: "stopped",
    tone: /** @type {const} */ ("error"),
    headline: t("card.stoppedOn", { name }),
    name,
    title: `${titleOf(item)}\n${reason}`,
    detail: firstLine(reason),
    image: unreadable ? null : { path: item.path, title: item.title },
    figures,
  };
}

/**
 * @param {Loop} state
 * @param {Figures} figures
 * @param {{ watching: boolean, goesOn: boolean, isInOtherTab: boolean, ends: string }} page - what
 *   it does
 * @param {Say} say
 */
function atRest(state, figures, { watching, goesOn, isInOtherTab, ends }, say) {
  if (state.complete && state.next === "watch") {
    const rest = goesOn ? t("card.starting") : say("card.watchDetail");
    const detail = watching ? say("card.watchingDetail") : rest;
    return { phase: "watching", headline: soFar(figures), detail, figures };
  }
  if (!state.complete) {
    const [phase, headline, how] = goesOn
      ? ["starting", t("card.starting")]
      : ends
        ? ["running", ends]
        : isInOtherTab
          ? ["queued", t("card.left", { count: figures.left })]
          : ["paused", say("card.paused", { count: figures.left }), t("card.pausedDetail")];
    const detail = [...noteLines(state), how].filter(Boolean).join(" ");
    return { phase, headline, detail, figures };
  }
  /** @type {Said["tone"]} */
  const tone = figures.failed ? "plain" : "good";
  const notes = [...noteLines(state), t("card.completeDetail")].join(" ");
  const detail = [leftOutLine(state), notes].filter(Boolean).join("\n");
  return { phase: "complete", tone, headline: completeLine(figures, say), detail, figures };
}

/**
 * A note if the settings or the files are no longer those of the batch.
 *
 * @param {Folder | Table | null} folder
 * @param {ItemSettings | null} settings
 * @param {Loop} state
 * @param {Record<"adds" | "repeats" | "skips", boolean>} run - what Run does with a complete batch:
 *   whether it takes just its new images, or begins it again, and whether what has results is left
 *   out
 * @param {Say} say
 */
function newsOf(folder, settings, { complete, next, total, finished }, { adds, repeats, skips }, say) {
  if (!folder || !isCounted(folder)) return {};
  const { variants } = folder;
  // As many others may have gone since.
  const isNew = complete && next === "stop" && adds && folder.new > 0;
  // The folder is counted with what has results.
  const held = skips ? total + finished : total;
  if (!isNew && folder.total === held) return {};
  // What was done and has gone since leaves Run nothing to do.
  const isLess = folder.same && folder.total < held;
  if (!isNew && complete && isLess && (skips || !repeats)) return {};
  const detail = isNew
    ? say("card.newImages", { count: Math.ceil(folder.new / (variants || 1)) })
    : t("card.holdsNow", { held: headlineOf(folder, settings, say) });
  return { detail, isNews: true };
}

/**
 * Whether it is known how many items there are; of a table, only once it has been read to
 * its end, and of variants only where they are typed.
 *
 * @param {Folder | Table} folder
 */
function isCounted(folder) {
  if (folder.variants === null) return false;
  return !("exact" in folder) || folder.exact;
}

/**
 * @param {Folder | Table} folder
 * @param {ItemSettings | null} settings
 * @param {{ goesOn: boolean, isInOtherTab: boolean, skips: boolean, source: string }} page -
 *   whether it runs it, or another tab, whether what has results is left out, and what the items
 *   are
 * @param {Say} say
 */
function holding(folder, settings, { goesOn, isInOtherTab, skips, source }, say) {
  const { total, first, last, nothing } = folder;
  const film = "film" in folder ? folder.film : null;
  if (first === null || last === null) {
    const detail = nothing ? reasonOf(nothing, settings, source) : film ? filmLine(film, say) : "";
    const isElsewhere = nothing?.why === "empty" || nothing?.why === "other";
    return { phase: "none", headline: say("card.none"), detail, isElsewhere };
  }
  // The first rows of a table are shown below.
  const headline = headlineOf(folder, settings, say);
  const names = "columns" in folder ? [] : film ? [filmLine(film, say, headline)] : namesIn(first, last, total);
  return {
    phase: "ready",
    headline,
    title: names.join("\n"),
    detail: names.join("\n"),
    image: film?.picture ? { path: film.picture, title: first } : null,
    hint: goesOn ? t("card.starting") : isInOtherTab ? "" : skips ? t("card.hintSkips") : say("card.hint"),
  };
}

/**
 * How many items there are: entries, and values that each is taken with.
 *
 * @param {Folder | Table} folder
 * @param {ItemSettings | null} settings
 * @param {Say} say
 */
function headlineOf({ total, entries = total, variants = 0 }, settings, say) {
  const frames = settings && "frames" in settings ? (settings.frames ?? 1) : 1;
  const held =
    frames > 1
      ? t("card.windows", { count: entries, frames })
      : say("card.holds", { count: entries });
  if (variants === null) return t("card.timesUnknown", { entries: held });
  return variants > 0 ? t("card.times", { entries: held, count: variants }) : held;
}

/**
 * A film in figures.
 *
 * @param {Film} film
 * @param {Say} say
 * @param {string} [headline] - what is said already
 */
function filmLine({ width, height, fps, frames, seconds }, say, headline = "") {
  const rate = fps ? t("card.fps", { fps: texts().number(fps, { maximumFractionDigits: 2 }) }) : "";
  const length = seconds ? duration(seconds) : "";
  const count = say("card.holds", { count: frames });
  const lines = [
    [`${width} × ${height}`, rate],
    [count === headline ? "" : count, length],
  ];
  return lines.map((parts) => parts.filter(Boolean).join(" · ")).filter(Boolean).join("\n");
}

/**
 * @param {string} first
 * @param {string} last
 * @param {number} total
 */
function namesIn(first, last, total) {
  return total === 1 ? [first] : [t("card.first", { name: first }), t("card.last", { name: last })];
}

/**
 * How a complete batch has ended.
 *
 * @param {Figures} figures
 * @param {Say} say
 */
export function completeLine({ done, failed }, say) {
  return failed ? t("card.completeFailed", { done, failed }) : say("card.complete", { count: done });
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
 * The first line of a reason: some nodes put a whole traceback into it.
 *
 * @param {string | null} reason
 */
export function firstLine(reason) {
  return (reason ?? "").split("\n")[0].trim();
}
