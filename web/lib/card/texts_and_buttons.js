import { whyUntold } from "../errors.js";
import { figuresOf, timesOf } from "../figures.js";
import { runAction } from "../run_control.js";
import { t, textsOf } from "../texts.js";
import { completeLine, phaseOf, soFar, trialOf } from "./phases.js";

/**
 * @import { Current, Failure, Folder, ItemSettings, Loop, MadeOfAll,
 *   Table } from "../../../types/server.d.ts"
 * @import { Named } from "../items.js"
 * @import { Refused } from "../requests.js"
 * @import { Figures } from "../figures.js"
 * @import { QueuePlace } from "../gate/queue_places.js"
 * @import { RunAction } from "../run_control.js"
 * @import { Say } from "./phases.js"
 */

/**
 * @typedef {object} Known - what is known about a Directory Iterator
 * @property {ItemSettings | null} settings - null if any of them is linked
 * @property {string} [source] - what its items are, as `Loop.source` names it
 * @property {boolean} canChoose - whether a folder can be written into the node
 * @property {Folder | Table | null} folder - the folder's contents; null if unknown
 * @property {boolean} [isFolderOld] - whether the batch has run since the server was asked for that
 * @property {Refused | null} refusal - the server's refusal to list the folder
 * @property {Loop | null} state - the loop's state; null before its first run
 * @property {(Named & Pick<Current, "index">) | null} [last] - between two images, the one that was
 *   last in progress
 * @property {boolean} [isKnown] - whether that is the state of the loop that the settings stand for
 * @property {unknown} [trouble] - the error with which the server did not tell that when it was
 *   last asked; null if it did
 * @property {boolean} [goesOn] - whether the page goes on with the batch by itself
 * @property {boolean} [triesChanges] - whether Run (On Change) is chosen
 * @property {boolean} [watching] - whether the page watches the folder for new images
 * @property {boolean} [awaits] - whether Run waits for images where there are none
 * @property {boolean} [repeats] - whether Run begins a complete batch again
 * @property {boolean} [adds] - whether Run takes just what is new in the folder of a complete batch
 * @property {boolean} [skips] - whether it leaves out what has results
 * @property {Tried | null} [tried] - the image that was tried last, if nothing has happened since
 * @property {boolean} [isPaused] - whether this page has gone on with the batch, and was paused
 * @property {boolean} [awaitsLoop] - whether this page waits for anything of the loop
 * @property {boolean} [pauses] - whether it was paused, and its image in progress has yet to end
 * @property {boolean} [cancels] - whether that image was cancelled, and has yet to end
 * @property {boolean} [runsPrompt] - whether a prompt of this page runs
 * @property {boolean} [isInOtherTab] - whether another tab of this browser runs the batch
 * @property {QueuePlace | null} [place] - that of its batch in ComfyUI's queue, if the page goes on
 */

/** @typedef {Named & { how: "running" | "done" | "failed" }} Tried - an image being tried */

/**
 * @typedef {object} Said - the content of a card
 * @property {string} phase
 * @property {"plain" | "good" | "error"} tone
 * @property {string} headline
 * @property {string} name - that of an item in the headline, which alone may be cut; empty if none
 * @property {string} title - the full text, where the headline is cut
 * @property {string} detail - in lines
 * @property {string} hint
 * @property {Named | null} image - the item to show
 * @property {Figures | null} figures
 * @property {boolean} isNews - whether the folder no longer holds the images of the batch
 * @property {boolean} isElsewhere - whether it takes another folder to have images
 */

/**
 * @typedef {object} Buttons - which buttons to show
 * @property {RunAction} run - what Run does
 * @property {boolean} canRun
 * @property {"run" | "choose" | "startOver" | "retry" | null} primary - the one to press next
 * @property {string | null} tries - the image that is tried, "" for the next; null if none can be
 * @property {boolean} listable - whether the items can be listed to choose one to try
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
 * @property {MadeOfAll[]} made - what nodes have made of all results
 * @property {Failure[]} failures
 * @property {number} more - how many more failed
 */

/** The phases that say nothing which a trial must not hide. */
const CAN_TRY = ["ready", "paused", "complete", "watching"];

/** The phases of a batch that another tab may go on with. */
const GOING_ON = ["ready", "running", "queued"];

/** @type {Omit<Said, "phase" | "headline">} */
const NOTHING = {
  tone: "plain",
  name: "",
  title: "",
  detail: "",
  hint: "",
  image: null,
  figures: null,
  isNews: false,
  isElsewhere: false,
};

/**
 * The content of Directory Iterator's card.
 *
 * @param {Known} known
 * @returns {IteratorModel}
 */
export function iteratorModel(known) {
  const { settings, canChoose, folder, state, isKnown = true } = known;
  const { goesOn = false, triesChanges = false, awaits = false, repeats = false, tried } = known;
  const said = { ...NOTHING, ...phaseOf(known), ...(known.trouble ? untold(known.trouble) : {}) };
  const shown = tried && !goesOn && CAN_TRY.includes(said.phase) ? { ...said, ...trialOf(tried) } : said;
  const forgets = state?.forgets || folder?.forgets;
  if (forgets) shown.hint = `${shown.hint} ${t("card.forgets", { reason: forgets })}`.trim();
  if (known.isInOtherTab && !goesOn && GOING_ON.includes(said.phase)) {
    shown.hint = `${t("card.otherTab")} ${shown.hint}`.trim();
  }
  if (triesChanges) shown.hint = `${t("card.onChange")} ${shown.hint}`.trim();
  const hasRun = said.figures !== null;
  const isNothing = said.phase === "none";
  const canRun = !["empty", "refused", "pattern"].includes(said.phase) && (!isNothing || awaits);
  const startOver = (isKnown && (hasRun || canUndo(state))) || settings === null;
  const isDone = said.phase === "complete" && !said.isNews && !repeats && startOver && !goesOn;
  const afterwards = state?.failed ? "retry" : "startOver";
  return {
    ...shown,
    times: timesIn(said),
    buttons: {
      run: runAction(state, goesOn),
      canRun: canRun || goesOn,
      primary: canRun || goesOn ? (isDone ? afterwards : "run") : other(said),
      tries: canRun && !isNothing && !goesOn ? (state?.stopped_on?.path ?? "") : null,
      listable: settings !== null,
      choose: canChoose,
      startOver,
      undo: canUndo(state),
      retry: state?.failed ?? 0,
      skip: state?.stopped_on ?? null,
      report: hasRun,
    },
  };
}

/**
 * What is said in place of what the server would say.
 *
 * @param {unknown} trouble
 */
function untold(trouble) {
  return { tone: /** @type {const} */ ("error"), detail: whyUntold(trouble), hint: "" };
}

/**
 * What to do next where the batch cannot run.
 *
 * @param {Pick<Said, "isElsewhere">} said
 */
function other({ isElsewhere }) {
  return isElsewhere ? "choose" : null;
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
  if (!state) return { headline: t("card.notRun"), figures: null, made: [], failures: [], more: 0 };
  const figures = figuresOf(state);
  return {
    headline: state.complete ? endLine(state, figures, textsOf(state)) : t("card.progress", settledOf(figures)),
    figures,
    made: state.made_of_all,
    failures: state.failures,
    more: Math.max(0, state.failed - state.failures.length),
  };
}

/** @param {Figures} figures */
function settledOf({ done, failed, total }) {
  return { settled: done + failed, total };
}

/**
 * @param {Loop} state
 * @param {Figures} figures
 * @param {Say} say
 */
function endLine({ next }, figures, say) {
  return next === "watch" ? soFar(figures) : completeLine(figures, say);
}
