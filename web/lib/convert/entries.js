import { t } from "../texts.js";
import { LOAD } from "./candidates.js";

/**
 * @import { App, Extension, Node } from "../../../types/comfyui.d.ts"
 * @import { MakeBatch } from "./make_batch.js"
 */

const COMMAND = "batch-loop.make-batch";
const ICON = "pi pi-images";

/** Where ComfyUI offers Make this a batch: menus of Load Image, the command list, the Edit menu. */
export class Entries {
  #app;
  #makeBatch;

  /**
   * @param {object} given
   * @param {App} given.app
   * @param {Pick<MakeBatch, "of" | "ofWorkflow">} given.makeBatch
   */
  constructor({ app, makeBatch }) {
    this.#app = app;
    this.#makeBatch = makeBatch;
  }

  /**
   * The extension with the command. ComfyUI reads its texts when it is registered.
   *
   * @returns {Extension}
   */
  get extension() {
    return {
      name: "batch-loop.make-batch",
      commands: [
        {
          id: COMMAND,
          label: t("convert.label"),
          tooltip: t("convert.tooltip"),
          icon: ICON,
          function: () => this.#makeBatch.ofWorkflow(),
        },
      ],
      menuCommands: [{ path: ["Edit"], commands: [COMMAND] }],
    };
  }

  /**
   * The entries of a node's menu, in frontends that ask extensions for them.
   *
   * @param {Node} node
   */
  ofMenu(node) {
    return isLoader(node) ? [this.#entry(node)] : [];
  }

  /**
   * The commands above a selected node or group.
   *
   * @param {unknown} item
   */
  ofToolbox(item) {
    return isLoader(/** @type {Node} */ (item)) ? [COMMAND] : [];
  }

  /**
   * Add the entry to a new node's own part of its menu, in frontends that do not ask extensions.
   *
   * @param {Node} node
   */
  addTo(node) {
    if (!isLoader(node) || "collectNodeMenuItems" in this.#app) return;
    const before = node.getExtraMenuOptions;
    const entry = this.#entry(node);
    node.getExtraMenuOptions = function (canvas, options) {
      const others = before?.call(this, canvas, options) ?? [];
      options.unshift(entry);
      return others;
    };
  }

  /** @param {Node} node */
  #entry(node) {
    return { content: t("convert.label"), callback: () => void this.#makeBatch.of(node) };
  }
}

/** @param {Node} node - maybe so new that it has no `type` yet */
function isLoader(node) {
  return node.comfyClass === LOAD;
}
