/** The tallest element that all browsers lay out correctly at a zoom of 200 %, in px. */
const TALLEST = 15_000_000;
/** Extra rows above and below those in view. */
const SPARE = 6;

/**
 * @typedef {object} Scrolled
 * @property {number} total - number of rows
 * @property {number} rowHeight - in px, like all lengths here
 * @property {number} viewHeight
 * @property {number} top - the scroll position
 */

/**
 * The height of the list, which is limited if all rows together would be too tall.
 *
 * @param {Pick<Scrolled, "total" | "rowHeight">} list
 */
export function heightOf({ total, rowHeight }) {
  return Math.min(total * rowHeight, TALLEST);
}

/**
 * Which rows must be in the page, from `first` up to but excluding `end`, and where: row `i` is at
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
 * The scroll position that brings a row fully into view with as little scrolling as possible.
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
 * The row that a key moves to; null if the key does not move.
 *
 * @param {string} key
 * @param {number} index - of the selected row
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
 * How many px of rows one px of scrolling stands for: 1, unless all rows together are too tall.
 *
 * @param {Pick<Scrolled, "total" | "rowHeight" | "viewHeight">} list
 */
function stretch({ total, rowHeight, viewHeight }) {
  const whole = total * rowHeight;
  if (whole <= TALLEST) return 1;
  return (whole - viewHeight) / (TALLEST - viewHeight);
}
