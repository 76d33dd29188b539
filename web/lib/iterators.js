/** The nodes that hand out items, one in each prompt, by their classes. */

/** @import { Node } from "../../types/comfyui.d.ts" */

/** Of images of a folder. */
export const DIRECTORY_ITERATOR = "BatchLoopDirectoryIterator";
/** Of rows of a table. */
export const ROW_ITERATOR = "BatchLoopRowIterator";
/** Of videos of a folder. */
export const VIDEO_ITERATOR = "BatchLoopVideoIterator";
/** Of sounds of a folder. */
export const AUDIO_ITERATOR = "BatchLoopAudioIterator";
/** Of frames of a film. */
export const FRAME_ITERATOR = "BatchLoopFrameIterator";

/** Gives a column of a row. */
export const ROW_VALUE = "BatchLoopRowValue";

/**
 * What a node hands out, as the server names it.
 *
 * @typedef {"images" | "rows" | "videos" | "audio" | "frames"} Source
 */

/** @type {Record<string, Source>} */
const SOURCES = {
  [DIRECTORY_ITERATOR]: "images",
  [ROW_ITERATOR]: "rows",
  [VIDEO_ITERATOR]: "videos",
  [AUDIO_ITERATOR]: "audio",
  [FRAME_ITERATOR]: "frames",
};

/** The input that names what the items are taken from. @type {Record<Source, string>} */
const PLACES = { images: "directory", rows: "file", videos: "directory", audio: "directory", frames: "film" };

export const ITERATORS = Object.keys(SOURCES);

/**
 * Whether a node's class is that of an iterator.
 *
 * @param {string | undefined} type
 */
export function isIterator(type) {
  return type !== undefined && ITERATORS.includes(type);
}

/**
 * What an iterator of a class hands out; images for any other class.
 *
 * @param {string | undefined} type
 */
export function sourceOfType(type) {
  return SOURCES[type ?? ""] ?? "images";
}

/**
 * What an iterator hands out.
 *
 * @param {Pick<Node, "comfyClass">} node
 */
export function sourceOfNode({ comfyClass }) {
  return sourceOfType(comfyClass);
}

/**
 * The name of the input that says what an iterator takes its items from.
 *
 * @param {Pick<Node, "comfyClass">} node
 */
export function placeIn(node) {
  return PLACES[sourceOfNode(node)];
}

/**
 * Whether the items are files of a folder, rather than parts of one file.
 *
 * @param {string} source - of a loop, or of its entries
 */
export function areFiles(source) {
  const [kind] = source.split(" ", 1);
  return PLACES[/** @type {Source} */ (kind)] === "directory";
}

/**
 * Whether a node hands out rows.
 *
 * @param {Pick<Node, "comfyClass">} node
 */
export function handsOutRows(node) {
  return sourceOfNode(node) === "rows";
}
