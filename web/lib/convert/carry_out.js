/** @import { Editor, Plan } from "../../../types/convert.d.ts" */

/**
 * Carry out a plan, step by step.
 *
 * @param {Plan} plan
 * @param {Editor} editor
 */
export function carryOut({ steps }, editor) {
  for (const step of steps) {
    if (step.do === "add") editor.add(step);
    else if (step.do === "expose") editor.expose(step);
    else if (step.do === "link") editor.link(step);
    else if (step.do === "remove") editor.remove(step);
    else editor.hide(step);
  }
}
