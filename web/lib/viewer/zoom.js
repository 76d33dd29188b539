/** The closest view: so many screen pixels for one of the image. */
const MOST = 16;
/** Views that differ by less than this look the same. */
const SAME = 1.001;

/**
 * @typedef {{ width: number, height: number }} Size
 * @typedef {{ x: number, y: number }} Point - in CSS px from the stage's top left corner
 * @typedef {object} View - where an image is in its stage
 * @property {number} scale - CSS px for one pixel of the image
 * @property {number} x - of the image's left edge in the stage, in CSS px
 * @property {number} y - of its top edge
 * @typedef {object} Scene
 * @property {Size} image - in pixels
 * @property {Size} stage - in CSS px
 * @property {number} density - screen pixels for one CSS px
 */

/**
 * The scale of 100 %: one screen pixel for one of the image.
 *
 * @param {Scene} scene
 */
export function fullScale({ density }) {
  return 1 / density;
}

/**
 * The scale at which the whole image is in view; a small one is not enlarged.
 *
 * @param {Scene} scene
 */
export function fitScale(scene) {
  const { image, stage } = scene;
  const fits = Math.min(stage.width / image.width, stage.height / image.height);
  return Math.min(fits, fullScale(scene));
}

/**
 * The whole image, in the middle.
 *
 * @param {Scene} scene
 * @returns {View}
 */
export function fitted(scene) {
  return kept({ scale: fitScale(scene), x: 0, y: 0 }, scene);
}

/**
 * Whether the whole image is in view.
 *
 * @param {View} view
 * @param {Scene} scene
 */
export function isFitted(view, scene) {
  return view.scale < fitScale(scene) * SAME;
}

/**
 * The view nearest to one that is allowed: an image that is smaller than the stage is in its
 * middle, and a larger one leaves no gap at an edge.
 *
 * @param {View} view
 * @param {Scene} scene
 * @returns {View}
 */
export function kept(view, scene) {
  const { image, stage } = scene;
  const least = fitScale(scene);
  const scale = Math.min(Math.max(view.scale, least), Math.max(MOST * fullScale(scene), least));
  return {
    scale,
    x: inside(view.x, image.width * scale, stage.width),
    y: inside(view.y, image.height * scale, stage.height),
  };
}

/**
 * Zoom around a point, which stays where it is.
 *
 * @param {View} view
 * @param {number} factor
 * @param {Point} point
 * @param {Scene} scene
 */
export function zoomed(view, factor, point, scene) {
  const { scale } = kept({ ...view, scale: view.scale * factor }, scene);
  const by = scale / view.scale;
  const x = point.x - (point.x - view.x) * by;
  const y = point.y - (point.y - view.y) * by;
  return kept({ scale, x, y }, scene);
}

/**
 * @param {View} view
 * @param {Point} by
 * @param {Scene} scene
 */
export function panned(view, by, scene) {
  return kept({ scale: view.scale, x: view.x + by.x, y: view.y + by.y }, scene);
}

/**
 * Two fingers have moved: what is under them moves with them.
 *
 * @param {View} view
 * @param {[Point, Point]} before
 * @param {[Point, Point]} after
 * @param {Scene} scene
 */
export function pinched(view, before, after, scene) {
  const [from, to] = [middle(before), middle(after)];
  const moved = { scale: view.scale, x: view.x + to.x - from.x, y: view.y + to.y - from.y };
  return zoomed(moved, apart(after) / Math.max(1, apart(before)), to, scene);
}

/**
 * From the whole image to 100 % around a point, and from any other view to the whole image.
 *
 * @param {View} view
 * @param {Point} point
 * @param {Scene} scene
 */
export function toggled(view, point, scene) {
  if (!isFitted(view, scene)) return fitted(scene);
  return zoomed(view, fullScale(scene) / view.scale, point, scene);
}

/**
 * The view of an image that takes the place of another: the same part of it, at the same size.
 *
 * @param {View} view
 * @param {Scene} from
 * @param {Scene} to
 */
export function carried(view, from, to) {
  if (isFitted(view, from)) return fitted(to);
  return kept({ ...view, scale: (view.scale * from.image.width) / to.image.width }, to);
}

/**
 * @param {number} start
 * @param {number} length
 * @param {number} room
 */
function inside(start, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, start));
}

/** @param {[Point, Point]} points */
function middle([one, other]) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

/** @param {[Point, Point]} points */
function apart([one, other]) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
