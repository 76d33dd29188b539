import { element } from "./dom.js";

/** How many characters at the end of a line are never cut: an extension, and what is before it. */
const KEPT = 12;

/**
 * Show lines of text, each of which is cut in its middle where there is no room for it: what tells
 * file names apart is often at their end.
 *
 * @param {HTMLElement} target
 * @param {string} text
 */
export function showCut(target, text) {
  if (target.textContent === text) return;
  const lines = text.split("\n").flatMap((line) => ["\n", lineOf(line)]);
  target.replaceChildren(...lines.slice(1));
}

/**
 * Show a line of text with a path in it, whose last name stays whole as long as it fits.
 *
 * @param {HTMLElement} target
 * @param {string} text
 * @param {string} [path]
 */
export function showPath(target, text, path = text) {
  if (target.textContent === text) return;
  const [before, folder, name, after] = aroundName(text, path);
  const kept = (/** @type {string} */ part) => element("span", "cut-around", part);
  const parts = [kept(before), element("span", "cut-start", folder), lineOf(name), kept(after)];
  target.replaceChildren(element("span", "cut", ...parts.filter((part) => part.textContent)));
}

/**
 * What is in a text before a path, the folder and the last name of the path, and what is after it.
 *
 * @param {string} text
 * @param {string} path
 */
export function aroundName(text, path) {
  const start = text.lastIndexOf(path);
  const end = start + path.length;
  const last = path.search(/[^\\/]+$/);
  const name = last === -1 ? start : start + last;
  return [text.slice(0, start), text.slice(start, name), text.slice(name, end), text.slice(end)];
}

/** @param {string} text */
function lineOf(text) {
  const characters = [...text];
  const start = characters.slice(0, -KEPT).join("");
  const end = characters.slice(-KEPT).join("");
  return element("span", "cut", element("span", "cut-start", start), element("span", "cut-end", end));
}
