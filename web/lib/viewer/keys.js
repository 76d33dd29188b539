/** @import { Stage } from "./stage.js" */

/**
 * @typedef {object} Viewed - what keys act on
 * @property {Pick<Stage, "element" | "pan" | "zoom" | "fit" | "full">} stage
 * @property {() => void} close
 * @property {(by: number) => void} step - go so many images on or back; Infinity to the last one
 * @property {(by: number) => void} choose - go so many results of the image on or back
 * @property {() => void} play - or pause
 */

/**
 * Let keys act in a viewer's window.
 *
 * @param {HTMLDialogElement} dialog
 * @param {Viewed} viewed
 */
export function addKeys(dialog, viewed) {
  dialog.addEventListener("keydown", (event) => {
    // Keys in the window must not trigger ComfyUI's shortcuts for the workflow behind it.
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Tab") {
      keepFocus(dialog, event);
      return;
    }
    const act = actionOf(event, viewed);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {Viewed} viewed
 * @returns {(() => void) | undefined}
 */
function actionOf({ key, shiftKey, target }, { stage, close, step, choose, play }) {
  /** @type {Record<string, () => void>} */
  const arrows = shiftKey
    ? {
        ArrowLeft: () => stage.pan(-1, 0),
        ArrowRight: () => stage.pan(1, 0),
        ArrowUp: () => stage.pan(0, -1),
        ArrowDown: () => stage.pan(0, 1),
      }
    : {
        ArrowLeft: () => step(-1),
        ArrowRight: () => step(1),
        ArrowUp: () => choose(-1),
        ArrowDown: () => choose(1),
        Home: () => step(-Infinity),
        End: () => step(Infinity),
      };
  /** @type {Record<string, () => void>} */
  const others = {
    "+": () => stage.zoom(1),
    "=": () => stage.zoom(1),
    "-": () => stage.zoom(-1),
    0: () => stage.fit(),
    1: () => stage.full(),
    Escape: close,
  };
  // Elsewhere it presses a button.
  if (key === " " && target === stage.element) return play;
  return arrows[key] ?? others[key];
}

/**
 * From the last element that can have the focus to the first, and back.
 *
 * @param {HTMLDialogElement} dialog
 * @param {KeyboardEvent} event
 */
function keepFocus(dialog, event) {
  const all = [...dialog.querySelectorAll("button, a[href], [tabindex]")].filter(
    (each) => each instanceof HTMLElement && !each.matches(":disabled") && each.offsetParent,
  );
  const [first, last] = [all[0], all[all.length - 1]];
  if (document.activeElement !== (event.shiftKey ? first : last)) return;
  event.preventDefault();
  const next = event.shiftKey ? last : first;
  if (next instanceof HTMLElement) next.focus();
}
