/**
 * @typedef {[number, number]} Pair
 * @typedef {{ pos: ArrayLike<number>, size: ArrayLike<number> }} Box
 */

/** The height of a title, which is above a node's position. */
const TITLE = 30;

/**
 * Where a node goes in another one's place: at its upper left corner or, if it would then cover
 * other nodes that the old one left free, at another corner of it.
 *
 * @param {Box} before
 * @param {Box} node - of its own size, anywhere
 * @param {Box[]} others
 * @returns {Pair}
 */
export function placeFor(before, node, others) {
  const [x, y] = [before.pos[0], before.pos[1]];
  const left = x + before.size[0] - node.size[0];
  const up = y + before.size[1] - node.size[1];
  const free = others.filter((other) => !overlap(before, other));
  /** @type {Pair[]} */
  const places = [
    [x, y],
    [x, up],
    [left, y],
    [left, up],
  ];
  const fits = (/** @type {Pair} */ pos) =>
    !free.some((other) => overlap({ pos, size: node.size }, other));
  return places.find(fits) ?? places[0];
}

/**
 * @param {Box} one
 * @param {Box} other
 */
function overlap(one, other) {
  const apart = (/** @type {0 | 1} */ axis, /** @type {number} */ title) =>
    one.pos[axis] + one.size[axis] <= other.pos[axis] - title ||
    other.pos[axis] + other.size[axis] <= one.pos[axis] - title;
  return !apart(0, 0) && !apart(1, TITLE);
}
