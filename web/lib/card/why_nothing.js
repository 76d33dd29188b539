import { t } from "../texts.js";

/** @import { FolderSettings, NothingThere } from "../../../types/server.d.ts" */

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
 * @param {FolderSettings | null} settings
 */
export function lacksPattern(settings) {
  if (settings?.filter !== CUSTOM) return false;
  return partsOf(settings.custom_pattern).every((part) => part === "" || part === "!");
}

/**
 * Why a folder has no images under the settings, in sentences.
 *
 * @param {NothingThere} nothing
 * @param {FolderSettings | null} settings
 */
export function reasonOf({ why, images, folders, kinds }, settings) {
  const named = kinds.map(({ kind, count }) => `${kind} (${count})`).join(", ");
  return [
    ...(why === "filter" || why === "other" ? patternLines(settings) : []),
    t(`card.nothing.${why}`, { count: images || folders, kinds: named }),
    ...adviceOn(kinds.map(({ kind }) => kind.toLowerCase())),
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

/** @param {FolderSettings | null} settings */
function patternLines(settings) {
  const pattern = settings?.filter === CUSTOM ? (settings.custom_pattern ?? "").trim() : "";
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
