import { t, texts } from "./texts.js";

/**
 * @typedef {object} Workflow - what is used of one, as ComfyUI is about to load it
 * @property {{ type: string, title?: string, widgets_values?: unknown }[]} [nodes]
 * @property {{ title?: string }[]} [groups]
 * @property {Record<string, unknown>} [extra]
 */

/** In `extra` of this pack's templates, but of no workflow that was made from one. */
const MARK = "batch_loop";
const NOTE = "MarkdownNote";
const BETWEEN_BLOCKS = "\n\n";

/**
 * If a workflow is one of this pack's templates, put its notes and titles into the user's language.
 *
 * ComfyUI compares a workflow with what was loaded, so this is no change of it.
 *
 * @param {Workflow} workflow
 */
export function inOwnLanguage({ nodes = [], groups = [], extra }) {
  if (!extra || !(MARK in extra)) return;
  delete extra[MARK];
  for (const titled of [...nodes, ...groups]) {
    if (titled.title) titled.title = own(titled.title);
  }
  for (const { type, widgets_values: values } of nodes) {
    if (type !== NOTE || !Array.isArray(values)) continue;
    values[0] = String(values[0]).split(BETWEEN_BLOCKS).map(own).join(BETWEEN_BLOCKS);
  }
}

/** @param {string} text */
function own(text) {
  const name = texts().nameOf("templates", text);
  return name ? t(`templates.${name}`) : text;
}
