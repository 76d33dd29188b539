import { t, texts } from "./texts.js";
import { duration } from "./words.js";

/** @import { Figures } from "./figures.js" */

/**
 * Time taken, time left and speed as texts, with a dash for what is unknown.
 *
 * @param {Figures} figures
 */
export function timesOf({ seconds, remaining, perMinute }) {
  return {
    taken: t("time.taken", { time: duration(seconds) }),
    remaining: t("time.remaining", { time: remaining === null ? unknown() : duration(remaining) }),
    perMinute: t("time.perMinute", { speed: perMinute === null ? unknown() : speed(perMinute) }),
  };
}

/**
 * With as many digits as tell something: `0.42`, `7.5`, `86`.
 *
 * @param {number} perMinute
 */
function speed(perMinute) {
  const digits = perMinute < 1 ? 2 : perMinute < 10 ? 1 : 0;
  return texts().number(perMinute, { maximumFractionDigits: digits });
}

function unknown() {
  return t("time.unknown");
}
