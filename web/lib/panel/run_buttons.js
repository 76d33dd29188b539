import { element, icon, setText } from "../dom.js";
import { runAction } from "../run_control.js";
import { t, textsOf } from "../texts.js";
import { iconButton } from "./icon_button.js";

/**
 * @import { Node } from "../../../types/comfyui.d.ts"
 * @import { Loop } from "../../../types/server.d.ts"
 * @import { RunControl } from "../run_control.js"
 */

/** The icon for each of the things that the Run button does. */
const ICONS = { run: "play", pause: "pause", continue: "step-forward" };

/** Run, Pause or Continue, and Try one image, of one loop. */
export class RunButtons {
  element;
  #control;
  #nodeOf;
  #run;
  #tryOne;
  /** @type {Loop} */
  #loop;
  #icon = icon(ICONS.run);

  /**
   * @param {object} given
   * @param {Loop} given.loop
   * @param {RunControl} given.control
   * @param {(loop: string) => Node | null} given.nodeOf - its node in the workflow on screen
   * @param {() => string} given.chosen - the path of the image to try; "" for the next
   */
  constructor({ loop, control, nodeOf, chosen }) {
    this.#loop = loop;
    this.#control = control;
    this.#nodeOf = nodeOf;
    this.#run = iconButton("run", ICONS.run, t("run.run.label"), () => this.#press());
    this.#icon = /** @type {HTMLElement} */ (this.#run.firstElementChild);
    this.#tryOne = iconButton("try-one", "image", textsOf(loop)("run.try.label"), () => this.tryOne(chosen()));
    this.element = element("div", "panel-run", this.#run, this.#tryOne);
    this.show(loop);
  }

  /** Whether the workflow on screen can be run on an image of the loop now. */
  get canTry() {
    return this.#isHere && !this.#goesOn;
  }

  /** What that does, or why it cannot be done. */
  get tryTitle() {
    return textsOf(this.#loop)(this.#isHere ? "run.try.chosen" : "run.elsewhere");
  }

  /** @param {string} path - of the image; "" for the next */
  tryOne(path) {
    const node = this.#nodeOf(this.#loop.id);
    if (node) this.#control.tryOne(node, path);
  }

  /** @param {Loop} loop */
  show(loop) {
    this.#loop = loop;
    const goesOn = this.#goesOn;
    const action = runAction(loop, goesOn);
    setText(/** @type {Element} */ (this.#run.lastElementChild), t(`run.${action}.label`));
    this.#icon.className = `pi pi-${ICONS[action]}`;
    this.#run.dataset.runs = action;
    // Then there is nothing to run, as a rule.
    this.#run.dataset.complete = String(loop.complete);
    this.#run.disabled = !this.#isHere && !goesOn;
    this.#run.title = textsOf(loop)(this.#run.disabled ? "run.elsewhere" : `run.${action}.tooltip`);
    this.#tryOne.disabled = !this.canTry;
    this.#tryOne.title = this.tryTitle;
  }

  /** The place of the loop's batch in ComfyUI's queue; null if it has none. */
  get place() {
    return this.#control.placeOf(this.#loop.id, { isHere: this.#isHere });
  }

  /** Whether the page waits for anything of the loop. */
  get awaits() {
    return this.#control.awaits(this.#loop.id);
  }

  /** Whether the loop has been paused, and its image in progress still runs. */
  get pauses() {
    return !this.#goesOn && this.#control.pauses(this.#loop.id);
  }

  /** Whether Cancel was pressed, and the loop's image in progress has yet to end. */
  get cancels() {
    return this.#control.cancels(this.#loop.id);
  }

  /** Whether the workflow of the loop is on the screen. */
  get #isHere() {
    return this.#nodeOf(this.#loop.id) !== null;
  }

  /** Whether the page goes on with the loop by itself, as far as is known of it. */
  get #goesOn() {
    return this.#control.goesOn(this.#loop.id, { isHere: this.#isHere }) || this.#control.ends(this.#loop);
  }

  #press() {
    const isHere = this.#isHere;
    if (this.#goesOn) this.#control.pause(this.#loop.id, { isHere });
    else this.#control.start(this.#loop.id);
  }
}
