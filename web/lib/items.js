/** The items of batches as people read of them: files, rows of a table, frames of a film. */

import { t } from "./texts.js";

/** @typedef {{ path: string, title?: string }} Named - an item, as the server names it */

/**
 * What people read in place of an item's path: of a row its text, of a file the path itself.
 *
 * @param {Named} item
 */
export function titleOf({ path, title }) {
  return title ?? path;
}

/**
 * The short name of an item: of an image, that of its file.
 *
 * @param {Named} item
 */
export function nameOf(item) {
  return isRow(item) || isFrame(item) ? titleOf(item) : item.path.slice(item.path.lastIndexOf("/") + 1);
}

/**
 * Whether an item is a row, which is no file and so has no picture.
 *
 * @param {Named} item
 */
export function isRow({ path }) {
  return path.endsWith(".row");
}

/**
 * Whether an item is a frame of a film, which is no file, but has a picture.
 *
 * @param {Named} item
 */
export function isFrame({ path }) {
  return /\.frame(s[1-9][0-9]*)?$/.test(path);
}

/**
 * What stands for a row where an image would have its picture: the first letters of its words.
 *
 * @param {Named} item
 */
export function lettersOf(item) {
  const words = titleOf(item).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.length === 1 ? [...words[0]].slice(0, 2) : words.slice(0, 3).map(firstOf);
  return letters.join("") || "·";
}

/**
 * What people read in place of the path of a folder or a table: it has none if it was typed.
 *
 * @param {string} directory - as the server names it
 */
export function sourceOf(directory) {
  return directory === "(typed text)" ? t("panel.typedText") : directory;
}

/** @param {string} word */
function firstOf(word) {
  return [...word][0];
}
