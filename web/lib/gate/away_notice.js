import { t } from "../texts.js";
import { nameOf } from "./on_screen.js";

/**
 * @import { Toast } from "../../../types/comfyui.d.ts"
 * @import { NoticeBox } from "../notice_box.js"
 * @import { Batch } from "./batch.js"
 * @import { OnScreen } from "./on_screen.js"
 */

/** Time between two looks whether another tab still runs a batch, in ms. */
const LOOK_EVERY_MS = 1_000;

/** Says what a batch does while another workflow is on the screen, with the way back. */
export class AwayNotice {
  #box;
  #screen;
  #pause;
  #later;
  /** @type {WeakMap<Batch, string>} */
  #keys = new WeakMap();
  #count = 0;

  /**
   * @param {object} parts - the pack's modules of these names
   * @param {Pick<NoticeBox, "showWith" | "hide">} parts.box
   * @param {Pick<OnScreen, "open">} parts.screen
   * @param {(batch: Batch) => void} parts.pause - ends a batch after its image in progress
   * @param {(look: () => void) => void} [parts.later] - runs `look` after a while
   */
  constructor({ box, screen, pause, later = (look) => setTimeout(look, LOOK_EVERY_MS) }) {
    this.#box = box;
    this.#screen = screen;
    this.#pause = pause;
    this.#later = later;
  }

  /**
   * The page goes on with the batch.
   *
   * @param {Batch} batch
   */
  goesOn(batch) {
    this.#show(batch, "success", "goesOn", [this.#pauseOf(batch)]);
  }

  /**
   * Its last prompt did not get through, and is sent again.
   *
   * @param {Batch} batch
   */
  lost(batch) {
    this.#show(batch, "warn", "lost", [this.#pauseOf(batch)]);
  }

  /**
   * The batch waits until its workflow is back.
   *
   * @param {Batch} batch
   */
  waits(batch) {
    this.#show(batch, "warn", "waits");
  }

  /**
   * ComfyUI has refused to go on.
   *
   * @param {Batch} batch
   * @param {string} reason
   */
  refused(batch, reason) {
    this.#show(batch, "warn", "refused", [], reason);
  }

  /**
   * Another tab of this browser runs it already; said until it does no longer.
   *
   * @param {Batch} batch
   * @param {boolean} hasRun - whether a prompt of it has run here, too
   * @param {() => Promise<boolean>} runsThere - looks whether it does
   */
  elsewhere(batch, hasRun, runsThere) {
    const { summary, detail } = textsOf("elsewhere", batch);
    const texts = { summary, detail: hasRun ? detail : t("away.elsewhere.nothing") };
    const shown = this.#box.showWith(this.#keyOf(batch), { severity: "warn", ...texts }, []);
    const look = async () => {
      // Somebody has closed it, or something else is said by now.
      if (!shown.isConnected) return;
      if (await runsThere()) this.#later(look);
      else if (shown.isConnected) this.hide(batch);
    };
    this.#later(look);
  }

  /**
   * Remove what is said about a batch.
   *
   * @param {Batch} batch
   */
  hide(batch) {
    this.#box.hide(this.#keyOf(batch));
  }

  /**
   * @param {Batch} batch
   * @param {Toast["severity"]} severity
   * @param {"goesOn" | "waits" | "lost" | "refused"} what
   * @param {{ name: string, label: string, pressed: () => void }[]} [others] - buttons
   * @param {string} [reason]
   */
  #show(batch, severity, what, others = [], reason = "") {
    const back = { name: "back", label: t("away.back"), pressed: () => this.#screen.open(batch) };
    const message = { severity, ...textsOf(what, batch, reason) };
    this.#box.showWith(this.#keyOf(batch), message, [back, ...others]);
  }

  /** @param {Batch} batch */
  #pauseOf(batch) {
    return { name: "pause", label: t("away.pause"), pressed: () => this.#pause(batch) };
  }

  /** @param {Batch} batch */
  #keyOf(batch) {
    const key = this.#keys.get(batch) ?? `away ${(this.#count += 1)}`;
    this.#keys.set(batch, key);
    return key;
  }
}

/**
 * @param {"goesOn" | "waits" | "lost" | "refused" | "elsewhere"} what
 * @param {Batch} batch
 * @param {string} [reason]
 */
function textsOf(what, { workflow }, reason = "") {
  const values = { workflow: nameOf(workflow), reason };
  return { summary: t(`away.${what}.title`), detail: t(`away.${what}.detail`, values) };
}
