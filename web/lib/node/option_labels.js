import { t, texts } from "../texts.js";

/** @import { Node, Widget } from "../../../types/comfyui.d.ts" */

/**
 * Have a new node's combos show their options in the user's language.
 *
 * The value stays what it is in English: only that is saved, sent and compared. Frontends that show
 * nothing but values (1.25) take no notice.
 *
 * @param {Node} node
 */
export function labelOptions(node) {
  for (const { name, options } of /** @type {Widget[]} */ (node.widgets ?? [])) {
    const values = options?.values;
    if (!Array.isArray(values)) continue;
    const labels = new Map(values.map((value) => [String(value), labelOf(name, String(value))]));
    if (values.every((value) => labels.get(value) === value)) continue;
    const label = (/** @type {unknown} */ value) => {
      const text = String(value ?? "");
      return labels.get(text) ?? text;
    };
    setLabels(options, label);
  }
}

/**
 * Have a combo show its values like this.
 *
 * @param {Widget["options"]} options
 * @param {(value: unknown) => string} label
 */
export function setLabels(options, label) {
  options.getOptionLabel = label;
  // The Nodes 2.0 of 1.32 gives a combo's options to PrimeVue's Select, whose property this is.
  options.optionLabel = label;
}

/**
 * What to show for a value of a combo: the value itself, if it has no label.
 *
 * @param {string} combo
 * @param {string} value
 */
function labelOf(combo, value) {
  const name = texts().nameOf(`options.${combo}`, value);
  return name ? t(`options.${combo}.${name}`) : value;
}
