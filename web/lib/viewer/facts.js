import { attributed, element, icon } from "../dom.js";
import { clock } from "../figures.js";
import { sourceOf } from "../items.js";
import { showCut } from "../middle_cut.js";
import { iconButton } from "../panel/icon_button.js";
import { t, texts } from "../texts.js";
import { ownName } from "../words.js";
import { copy } from "./copy.js";

/** @import { FileFacts, FrameFacts } from "../../../types/server.d.ts" */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];
const THOUSAND = 1000;
const SHORT = 10;

/**
 * A file in words: what it is, its name, its size, and a button that copies its path.
 *
 * @param {string} kind - such as "Source"
 * @param {FileFacts} file
 * @param {(isCopied: boolean) => void} copied
 * @param {FrameFacts} [frame] - that it is one picture of
 */
export function factsOf(kind, file, copied, frame) {
  const path = sourceOf(file.path);
  const name = attributed(element("span", "viewer-name"), { title: path });
  showCut(name, ownName(path));
  const label = t("panel.viewer.copy", { name: ownName(path) });
  const copies = iconButton("step", "copy", "", async () => {
    const isCopied = await copy(file.path, line);
    // For those who see the button; the others are told.
    copies.replaceChildren(icon(isCopied ? "check" : "times"));
    copied(isCopied);
  });
  attributed(copies, { "aria-label": label, title: file.path });
  const line = element("div", "viewer-file", element("strong", "viewer-kind", kind), name);
  line.append(element("span", "viewer-size", sizesOf(file, frame)));
  // What was typed has no path.
  if (path === file.path) line.append(copies);
  return line;
}

/**
 * @param {FileFacts} file
 * @param {FrameFacts} [frame]
 */
function sizesOf({ width, height, bytes, animated, plays, lost_transparency: isLost, reason }, frame) {
  if (reason) return reason;
  // The picture of a sound is drawn: its size says nothing of the file.
  return [
    width && plays !== "audio" ? t("panel.viewer.pixels", { width, height }) : "",
    frame ? clock(frame.seconds) : "",
    bytes === null ? "" : bytesOf(bytes),
    animated ? t("panel.viewer.animated") : "",
    isLost ? t("panel.viewer.opaque") : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** @param {number} bytes */
export function bytesOf(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const amount = bytes / THOUSAND ** power;
  return texts().number(amount, {
    style: "unit",
    unit: UNITS[power],
    unitDisplay: power ? "short" : "long",
    maximumFractionDigits: power && amount < SHORT ? 1 : 0,
  });
}
