/**
 * @typedef {[number, number]} Pair
 * @typedef {{ pos: ArrayLike<number>, size: ArrayLike<number> }} Box
 */

/** The height of a title, which is above a node's position. */
export const TITLE = 30;

/** Between a node that is moved and its neighbours. */
const GAP = 20;

/**
 * Where a node goes in another one's place: at its upper left corner or, if it would then cover
 * other nodes that the old one left free, at another corner of it, or else where it is nearest.
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
  const fits = (/** @type {Pair} */ pos) =>
    !free.some((other) => overlap({ pos, size: node.size }, other));
  /** @type {Pair[]} */
  const corners = [
    [x, y],
    [x, up],
    [left, y],
    [left, up],
  ];
  const far = (/** @type {Pair} */ pos) => Math.hypot(pos[0] - x, pos[1] - y);
  const beside = () => besideOf(free, node, corners).sort((one, two) => far(one) - far(two));
  return corners.find(fits) ?? beside().find(fits) ?? corners[0];
}

/**
 * The places at which a node touches others, in either direction.
 *
 * @param {Box[]} others
 * @param {Box} node
 * @param {Pair[]} corners
 * @returns {Pair[]}
 */
function besideOf(others, node, corners) {
  const along = (/** @type {0 | 1} */ axis, /** @type {number} */ title) => [
    ...new Set([
      ...corners.map((corner) => corner[axis]),
      ...others.flatMap(({ pos, size }) => [
        pos[axis] + size[axis] + title + GAP,
        pos[axis] - title - GAP - node.size[axis],
      ]),
    ]),
  ];
  const down = along(1, TITLE);
  return along(0, 0).flatMap((x) => down.map((y) => /** @type {Pair} */ ([x, y])));
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
