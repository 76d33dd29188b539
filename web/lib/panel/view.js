/** The tallest element that every browser lays out rightly, zoomed in twice, in px. */
const TALLEST = 15_000_000;
/** Rows kept ready above and below what is in view. */
const SPARE = 6;

/**
 * @typedef {object} Scrolled
 * @property {number} total - rows
 * @property {number} rowHeight - in px, as everything here
 * @property {number} viewHeight
 * @property {number} top - how far down it is scrolled
 */

/**
 * How tall the list is to be; where all rows together would be too tall, less than they are.
 *
 * @param {Pick<Scrolled, "total" | "rowHeight">} list
 */
export function heightOf({ total, rowHeight }) {
  return Math.min(total * rowHeight, TALLEST);
}

/**
 * Which rows have to be in the page, `first` to before `end`, and where: row `i` is to lie at
 * `i * rowHeight + shift`.
 *
 * @param {Scrolled} list
 */
export function rowsInView({ total, rowHeight, viewHeight, top }) {
  const reached = top * stretch({ total, rowHeight, viewHeight });
  const first = Math.max(0, Math.floor(reached / rowHeight) - SPARE);
  const end = Math.min(total, Math.ceil((reached + viewHeight) / rowHeight) + SPARE);
  return { first: Math.min(first, end), end, shift: top - reached };
}

/**
 * How far down to scroll, so that a row is wholly in view; no further than needed.
 *
 * @param {number} index
 * @param {Scrolled} list
 */
export function topFor(index, { total, rowHeight, viewHeight, top }) {
  const factor = stretch({ total, rowHeight, viewHeight });
  const lowest = index * rowHeight;
  const highest = lowest + rowHeight - viewHeight;
  return Math.max(0, Math.min(Math.max(top * factor, highest), lowest)) / factor;
}

/**
 * Which row a key leads to; null for a key that leads nowhere.
 *
 * @param {string} key
 * @param {number} index - of the row that is chosen now
 * @param {Pick<Scrolled, "total" | "rowHeight" | "viewHeight">} list
 */
export function rowAfter(key, index, { total, rowHeight, viewHeight }) {
  const page = Math.max(1, Math.floor(viewHeight / rowHeight) - 1);
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
  const ends = { Home: 0, End: total - 1 };
  if (total === 0) return null;
  if (key in ends) return ends[/** @type {keyof ends} */ (key)];
  if (!(key in steps)) return null;
  const wanted = index + steps[/** @type {keyof steps} */ (key)];
  return Math.max(0, Math.min(total - 1, wanted));
}

/**
 * How many px of rows a px of scrolling stands for: 1, unless they are too tall together.
 *
 * @param {Pick<Scrolled, "total" | "rowHeight" | "viewHeight">} list
 */
function stretch({ total, rowHeight, viewHeight }) {
  const whole = total * rowHeight;
  if (whole <= TALLEST) return 1;
  return (whole - viewHeight) / (TALLEST - viewHeight);
}
