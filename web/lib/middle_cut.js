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
  show(target, text, lineOf);
}

/**
 * Show lines of text that end with a path, of which the last name stays whole as long as it fits.
 *
 * @param {HTMLElement} target
 * @param {string} text
 */
export function showPath(target, text) {
  show(target, text, pathOf);
}

/**
 * @param {HTMLElement} target
 * @param {string} text
 * @param {(line: string) => HTMLElement} shown
 */
function show(target, text, shown) {
  if (target.textContent === text) return;
  const lines = text.split("\n").flatMap((line) => ["\n", shown(line)]);
  target.replaceChildren(...lines.slice(1));
}

/** @param {string} text */
function pathOf(text) {
  const [start, name] = text.split(/(?<=[\\/])(?=[^\\/]+$)/);
  if (!name) return lineOf(text);
  return element("span", "cut", element("span", "cut-start", start), lineOf(name));
}

/** @param {string} text */
function lineOf(text) {
  const characters = [...text];
  const start = characters.slice(0, -KEPT).join("");
  const end = characters.slice(-KEPT).join("");
  return element("span", "cut", element("span", "cut-start", start), element("span", "cut-end", end));
}
