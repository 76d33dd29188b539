import { t, texts, textsOf } from "./texts.js";

/** @import { Loop, Standing } from "../../types/server.d.ts" */

/**
 * @typedef {object} Figures - of a batch
 * @property {number} done
 * @property {number} failed
 * @property {number} left
 * @property {number} total
 * @property {number} seconds - time taken
 * @property {number | null} remaining - time left in seconds; null while too little is known
 * @property {number | null} perMinute - images a minute; null while too little is known
 */

/**
 * The figures of a loop's batch, as the server tells them.
 *
 * @param {Loop} state
 * @returns {Figures}
 */
export function figuresOf(state) {
  const { done, failed, left, total, seconds, remaining, per_minute: perMinute } = state;
  return { done, failed, left, total, seconds, remaining, perMinute };
}

/**
 * A part of a batch in percent; 0 for an empty batch.
 *
 * @param {number} part
 * @param {number} total
 */
export function percent(part, total) {
  return total > 0 ? (part / total) * 100 : 0;
}

/**
 * Whether the server says that a loop is at work, which includes the time between two images.
 *
 * @param {Pick<Standing, "stands">} loop
 */
export function isAtWork({ stands }) {
  return stands === "running" || stands === "waiting";
}

/**
 * The lines about what is no failure, and yet worth knowing: images without a partner in another
 * folder, results that are not transparent, as their sources are, and texts that have other names
 * than their images.
 *
 * @param {Pick<Loop, "source" | "complete" | "unpaired"
 *   | "lost_transparency" | "renamed_texts">} state
 */
export function noteLines({ source, complete, unpaired, ...state }) {
  const { lost_transparency: opaque, renamed_texts: renamed } = state;
  return [
    ...(complete && unpaired ? [t("notice.unpaired", { count: unpaired })] : []),
    // With variants, an image has several results.
    ...(opaque ? [textsOf({ source })("notice.opaque", { count: opaque })] : []),
    ...(renamed ? [t("notice.renamed", { count: renamed })] : []),
  ];
}

/**
 * How many images a batch is without; empty if none were left out.
 *
 * @param {Pick<Loop, "finished" | "lacking">} state
 */
export function leftOutLine({ finished, lacking }) {
  const counts = Object.entries({ finished, lacking }).filter(([, count]) => count);
  return counts.map(([what, count]) => t(`panel.count.${what}`, { count })).join(" · ");
}

/**
 * `12 s`, `3 min 5 s`, `1 h 2 min`.
 *
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return t("duration.seconds", { seconds: whole });
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return t("duration.minutes", { minutes, seconds: whole % 60 });
  return t("duration.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/**
 * A place in a film or a sound, as people type it: `0:12.50`, `1:02:03.40`.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const hundredths = Math.round(seconds * 100);
  const [hours, minutes] = [Math.floor(hundredths / 360_000), Math.floor(hundredths / 6_000) % 60];
  const rest = ((hundredths % 6_000) / 100).toFixed(2).padStart(5, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * Time taken, time left and speed as texts. What is unknown, or a time that rounds to 0 s, says
 * nothing, and its text is empty.
 *
 * @param {Figures} figures
 */
export function timesOf({ seconds, remaining, perMinute }) {
  return {
    taken: isShort(seconds) ? "" : t("time.taken", { time: duration(seconds) }),
    remaining: timeLeft(remaining),
    perMinute: perMinute === null ? "" : t("time.perMinute", { speed: speed(perMinute) }),
  };
}

/** @param {number | null} seconds */
function timeLeft(seconds) {
  return seconds === null || isShort(seconds) ? "" : t("time.remaining", { time: duration(seconds) });
}

/** @param {number} seconds */
function isShort(seconds) {
  return Math.round(seconds) === 0;
}

/**
 * A speed with two significant digits: `0.42`, `7.5`, `86`.
 *
 * @param {number} perMinute
 */
function speed(perMinute) {
  const digits = perMinute < 1 ? 2 : perMinute < 10 ? 1 : 0;
  return texts().number(perMinute, { maximumFractionDigits: digits });
}
