/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @typedef {Node & { onExecuted?(output: unknown): void }} Called
 */

/**
 * Call `also` after a node's own callback of this name, which ComfyUI calls on each node if it has
 * one.
 *
 * @template {"onConfigure" | "onConnectionsChange" | "onExecuted" | "onPropertyChanged"
 *   | "onResize" | "onSerialize"} Name
 * @param {Node} node
 * @param {Name} name
 * @param {(...args: Parameters<NonNullable<Called[Name]>>) => void} also
 */
export function alsoOn(node, name, also) {
  const target = /** @type {Record<string, ((...args: any[]) => unknown) | undefined>} */ (
    /** @type {unknown} */ (node)
  );
  const before = target[name];
  target[name] = function (...args) {
    const result = before?.apply(this, args);
    also(.../** @type {Parameters<NonNullable<Called[Name]>>} */ (args));
    return result;
  };
}

/**
 * Call `also` whenever the user changes a widget's value.
 *
 * @param {Pick<import("../../../types/comfyui.d.ts").Widget, "callback">} widget
 * @param {() => void} also
 */
export function alsoWhenChanged(widget, also) {
  const before = widget.callback;
  widget.callback = function (...args) {
    const result = before?.apply(this, args);
    also();
    return result;
  };
}

/**
 * Call `also` whenever the user changes one of these inputs of a node, or what it is connected to.
 *
 * @param {Node} node
 * @param {readonly string[]} names
 * @param {() => void} also
 */
export function alsoWhenInputsChange(node, names, also) {
  for (const widget of node.widgets ?? []) {
    if (names.includes(widget.name)) alsoWhenChanged(widget, also);
  }
  alsoOn(node, "onConnectionsChange", also);
  alsoOn(node, "onConfigure", also);
}
