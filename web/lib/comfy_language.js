const BUTTON = '[data-testid="queue-button"]';

/** @type {string | null} */
let seen = null;

/**
 * The language of ComfyUI's own Run button: texts call it by the words that a person sees there.
 *
 * It may be another than that of the pack's texts: a frontend that lacks a language is in English,
 * and the pack's language can be chosen apart.
 *
 * @param {Record<string, string>} run - what the button says, by language
 * @param {string} own - the language to use while the button is not on screen
 * @param {() => string | undefined} [read] - reads the button
 */
export function comfyLanguage(run, own, read = onTheButton) {
  const label = read()?.trim() ?? "";
  const found = Object.keys(run).filter((language) => label.startsWith(run[language]));
  // While it runs, newer buttons say Stop instead.
  if (found.length > 0) seen = found.includes(own) ? own : found[0];
  return seen ?? own;
}

function onTheButton() {
  return globalThis.document?.querySelector?.(BUTTON)?.textContent ?? undefined;
}
