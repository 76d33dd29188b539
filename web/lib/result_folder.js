/** @import { LoopServer } from "./server.js" */

/** How many images' results are looked at. */
const LOOKED_AT = 100;

/**
 * The folder that holds the results of a loop's first images; "" if none has any.
 *
 * @param {Pick<LoopServer, "items">} server
 * @param {string} loop
 */
export async function resultFolder(server, loop) {
  const { items } = await server.items(loop, { count: LOOKED_AT });
  return commonFolder(items.flatMap(({ outputs }) => outputs));
}

/**
 * The smallest folder that all of these files are in, of any operating system; "" if there is none.
 *
 * @param {string[]} files - full paths
 */
export function commonFolder(files) {
  const [first = "", ...others] = files.map((file) => file.split(/(?<=[\\/])/).slice(0, -1));
  const differs = (/** @type {string} */ part, /** @type {number} */ place) =>
    others.some((other) => other[place] !== part);
  const end = [...first].findIndex(differs);
  const folder = [...first].slice(0, end === -1 ? undefined : end).join("");
  return folder.replace(/(?<=.)[\\/]$/, "");
}
