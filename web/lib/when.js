/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
];
const MINUTE = 60;

/**
 * How long ago something was, in words: `2 hours ago`, `yesterday`.
 *
 * @param {number} then - seconds since the epoch
 * @param {number} now - likewise, by the same clock
 * @param {string} language
 */
export function ago(then, now, language) {
  // The clock may have been set back since then.
  const seconds = Math.max(0, now - then);
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["minute", MINUTE];
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  return format.format(-Math.floor(seconds / size), unit);
}

/**
 * A date and time, formatted for a language.
 *
 * @param {number} then - seconds since the epoch
 * @param {string} language
 */
export function moment(then, language) {
  const format = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
  return format.format(new Date(then * 1000));
}
