import { isIn } from "./card/root_row.js";
import { t } from "./texts.js";

/**
 * @import { Item } from "../../types/server.d.ts"
 * @import { LoopServer } from "./server.js"
 * @typedef {Pick<Item, "path" | "outputs">} Made - an image and its results
 */

/** How many images' results are looked at. */
const LOOKED_AT = 100;
const SEPARATOR = /[\\/]/;
const PICTURE = /\.(avif|bmp|exr|gif|jpe?g|jxl|png|tiff?|webp)$/i;

/**
 * A folder with results of a loop; `folder` is "" if there are none.
 *
 * @typedef {object} ResultFolder
 * @property {string} folder
 * @property {boolean} isOneOfSeveral - whether there are results in others, too
 */

/** @type {ResultFolder} */
export const NOWHERE = { folder: "", isOneOfSeveral: false };

/**
 * The folder with the results of a loop's first images.
 *
 * @param {Pick<LoopServer, "items">} server
 * @param {string} loop
 */
export async function resultFolder(server, loop) {
  const { items } = await server.items(loop, { count: LOOKED_AT });
  return folderOf(items);
}

/**
 * The folder with these results. If some of them are pictures, those are looked for: texts may be
 * beside their sources.
 *
 * @param {Made[]} items
 * @returns {ResultFolder}
 */
export function folderOf(items) {
  const files = items.flatMap(({ path, outputs }) => outputs.map((output) => ({ path, output })));
  const pictures = files.filter(({ output }) => PICTURE.test(output));
  const looked = pictures.length > 0 ? pictures : files;
  const folders = unique(looked.map(({ output }) => around(output)));
  // Subfolders of the source are made again in the saver's folder, which is the one to name.
  const roots = folders.length > 1 ? unique(looked.map(rootOf)) : folders;
  const whole = roots.find((root) => roots.every((other) => isIn(other, root)));
  const [folder = ""] = whole === undefined ? roots : [whole];
  return { folder, isOneOfSeveral: whole === undefined && roots.length > 1 };
}

/**
 * That, in words; "" if there are no results.
 *
 * @param {ResultFolder} where
 */
export function resultsIn({ folder, isOneOfSeveral }) {
  return folder && t(isOneOfSeveral ? "notice.resultsAmong" : "notice.results", { folder });
}

/** @param {{ path: string, output: string }} file */
function rootOf({ path, output }) {
  const folder = around(output);
  const below = SEPARATOR.test(path) ? around(path).split(SEPARATOR) : [];
  const parts = folder.split(SEPARATOR);
  const start = parts.length - below.length;
  const isBelow = below.length > 0 && start > 0 && below.every((part, at) => part === parts[start + at]);
  return isBelow ? folder.split(/(?<=[\\/])/).slice(0, start).join("").slice(0, -1) : folder;
}

/**
 * The folder of a file, of any operating system.
 *
 * @param {string} file
 */
function around(file) {
  const end = file.search(/[\\/][^\\/]*$/);
  const folder = file.slice(0, Math.max(end, 0));
  // A drive, and the root of all, keep their separators.
  return /^([a-z]:)?$/i.test(folder) ? file.slice(0, end + 1) : folder;
}

/**
 * @template T
 * @param {T[]} values
 */
function unique(values) {
  return [...new Set(values)];
}
