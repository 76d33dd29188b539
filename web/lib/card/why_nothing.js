import { t, textsFor } from "../texts.js";

/** @import { ItemSettings, NothingThere } from "../../../types/server.d.ts" */

/** Kinds of files that people take for images, and that the nodes cannot read. */
const UNREAD = {
  raw: [
    ...[".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mrw"],
    ...[".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"],
  ],
  heic: [".heic", ".heif", ".hif"],
  video: [".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".webm", ".wmv"],
};

const CUSTOM = "Custom";

/** An extension without the asterisk that would make it a pattern. */
const EXTENSION = /^\.?([a-z]\w{1,4})$/i;

/**
 * Whether the filter is Custom, and its pattern names no files.
 *
 * @param {ItemSettings | null} settings
 */
export function lacksPattern(settings) {
  if (!settings || !("filter" in settings) || settings.filter !== CUSTOM) return false;
  return partsOf(settings.custom_pattern).every((part) => part === "" || part === "!");
}

/**
 * Why a folder has no images under the settings, in sentences.
 *
 * @param {NothingThere} nothing
 * @param {ItemSettings | null} settings
 * @param {string} [source] - what is looked for
 */
export function reasonOf({ why, images, folders, kinds }, settings, source = "images") {
  const isOfImages = source.startsWith("images");
  const say = textsFor(source);
  const named = kinds.map(({ kind, count }) => `${kind} (${count})`).join(", ");
  return [
    ...(why === "filter" || why === "other" ? patternLines(settings) : []),
    say(`card.nothing.${why}`, { count: images || folders, kinds: named }),
    ...(isOfImages ? adviceOn(kinds.map(({ kind }) => kind.toLowerCase())) : []),
  ].join(" ");
}

/**
 * What there is to do about files of these kinds.
 *
 * @param {string[]} kinds
 */
function adviceOn(kinds) {
  const unread = Object.entries(UNREAD).filter(([, known]) => kinds.some((kind) => known.includes(kind)));
  return unread.map(([name]) => t(`card.unread.${name}`));
}

/** @param {ItemSettings | null} settings */
function patternLines(settings) {
  if (!settings || !("custom_pattern" in settings)) return [];
  // Only images have a filter beside the pattern.
  const isCustom = !("filter" in settings) || settings.filter === CUSTOM;
  const pattern = isCustom ? (settings.custom_pattern ?? "").trim() : "";
  if (!pattern) return [];
  const parts = partsOf(pattern);
  const meant = parts.map((part) => part.replace(EXTENSION, "*.$1"));
  const differs = meant.some((part, place) => part !== parts[place]);
  return [
    t("card.pattern.none", { pattern }),
    ...(differs ? [t("card.pattern.meant", { pattern: meant.join(", ") })] : []),
  ];
}

/** @param {string} [pattern] */
function partsOf(pattern = "") {
  return pattern.split(",").map((part) => part.trim());
}
