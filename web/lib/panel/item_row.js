import { attributed, element, icon } from "../dom.js";
import { duration } from "../figures.js";
import { nameOf, titleOf } from "../items.js";
import { showCut } from "../middle_cut.js";
import { t } from "../texts.js";
import { SHOWN } from "./pictures.js";

/**
 * @import { Item } from "../../../types/server.d.ts"
 * @import { Pictures } from "./pictures.js"
 */

/** Icons shown instead of a missing result. */
const SIGNS = {
  pending: "hourglass",
  running: "spin pi-spinner",
  finishing: "spin pi-spinner",
  done: "check",
  failed: "exclamation-triangle",
};

/** Least seconds for which the time that an image took is shown. */
const WORTH_TELLING = 1;

/**
 * The cells of an image: its source, its results or an icon for them, and the text.
 *
 * @param {Item} item
 * @param {Pictures} pictures
 */
export function itemCells(item, pictures) {
  const source = pictures.source(item);
  const result = pictures.results(item) ?? sign(item.state);
  const more = item.state === "done" ? item.outputs.length - SHOWN : 0;
  if (more > 0) result.append(element("span", "panel-more", t("panel.more", { count: more })));
  return [cell("cell-pictures", source, icon("arrow-right"), result), cell("cell-words", words(item))];
}

/** The cells of an image that has not been loaded yet. */
export function emptyCells() {
  const pictures = [element("span", "picture"), icon("arrow-right"), element("span", "picture")];
  const lines = element("div", "item-words", element("span", "line"), element("span", "line"));
  return [cell("cell-pictures", ...pictures), cell("cell-words", lines)];
}

/**
 * An image in words: its name, its state, and why it failed.
 *
 * @param {Item} item
 */
export function words(item) {
  const name = attributed(element("strong", "item-name"), { title: titleOf(item) });
  showCut(name, nameOf(item));
  const said = element("div", "item-words", name, element("span", `item-state-${item.state}`, stateInWords(item)));
  if (item.state !== "failed") return said;
  said.append(attributed(element("span", "item-reason", item.reason), { title: item.reason }));
  return said;
}

/**
 * How far an image is, in words.
 *
 * @param {Pick<Item, "state" | "seconds" | "node_type" | "node_id">} item
 */
export function stateInWords({ state, seconds, node_type: type, node_id: id }) {
  const word = t(`panel.item.${state}`);
  if (state === "failed" && type && id) return t("panel.item.failedAt", { node: type, id });
  // It counts as done already, and the panel's head says so.
  if (state === "finishing") return `${t("panel.item.done")} · ${word}`;
  return state === "done" && seconds >= WORTH_TELLING ? `${word} · ${duration(seconds)}` : word;
}

/**
 * What is shown in place of a missing result.
 *
 * @param {Item["state"]} state
 */
export function sign(state) {
  return element("span", `picture batch-loop-picture-${state}`, icon(SIGNS[state]));
}

/**
 * @param {string} name
 * @param {...HTMLElement} children
 */
function cell(name, ...children) {
  return attributed(element("div", name, ...children), { role: "gridcell" });
}
