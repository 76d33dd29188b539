import { explained } from "../errors.js";
import { OnScreen } from "../gate/on_screen.js";
import { nodesOf } from "../graph.js";
import { t } from "../texts.js";
import { CannotConvert, refuse } from "./cannot_convert.js";
import { candidates } from "./candidates.js";
import { carryOut } from "./carry_out.js";
import { placeBySize } from "./new_sizes.js";
import { PageEditor } from "./page_editor.js";
import { FOLDER_NODE, planFor } from "./plan.js";

/**
 * @import { App, Node } from "../../../types/comfyui.d.ts"
 * @import { Plan, SavedWorkflow, Where } from "../../../types/convert.d.ts"
 * @import { LiveCanvas, LiveNode, NodeMaker } from "../../../types/litegraph.d.ts"
 * @import { FolderChooser } from "../card/folder_chooser.js"
 * @import { Screen } from "../screen.js"
 * @import { Toasts } from "../toasts.js"
 * @import { Cover } from "./windows.js"
 */

/** @typedef {ReturnType<typeof candidates>[number]} Candidate */

/**
 * A node, and the workflow that it is in: another may have one of its id.
 *
 * @typedef {Pick<OnScreen, "workflow" | "graphId"> & { node: Node }} Told
 */

const KEY = "convert";
const LIFE_MS = 10_000;
/** ComfyUI's second look comes 50 ms after the first. */
const SECOND_LOOK_MS = 100;

/** Makes the workflow on screen a batch: its Load Image becomes a folder of images. */
export class MakeBatch {
  #app;
  #make;
  #chooser;
  #toasts;
  #screen;
  #onScreen;
  #ask;
  #cover;
  #isBusy = false;
  /** The batch that a message is about; null if none is. @type {Told | null} */
  #told = null;

  /**
   * @param {object} given
   * @param {App} given.app
   * @param {NodeMaker} given.make
   * @param {Pick<FolderChooser, "choose">} given.chooser
   * @param {Toasts} given.toasts
   * @param {Pick<Screen, "find" | "goTo">} given.screen
   * @param {(candidates: Candidate[]) => Promise<Candidate | null>} given.ask - which Load Image
   *   is the folder; null if the user closes the window
   * @param {Cover["over"]} given.cover - covers the page while the folder is chosen elsewhere
   */
  constructor({ app, make, chooser, toasts, screen, ask, cover }) {
    this.#app = app;
    this.#make = make;
    this.#chooser = chooser;
    this.#toasts = toasts;
    this.#screen = screen;
    this.#onScreen = new OnScreen(app);
    this.#ask = ask;
    this.#cover = cover;
  }

  /**
   * Make the batch of a Load Image.
   *
   * @param {Node} node
   */
  async of(node) {
    const graph = node.graph === this.#root ? "" : String(node.graph?.id);
    await this.#once(() => this.#convert({ graph, node: String(node.id) }));
  }

  /** Make the batch of the only Load Image, the selected one, or the one that the user names. */
  async ofWorkflow() {
    await this.#once(async () => {
      const able = candidates(this.#saved);
      const selected = able.filter((one) => this.#isSelected(one));
      const likely = selected.length === 1 ? selected : able;
      const chosen = likely.length === 1 ? likely[0] : await this.#ask(able);
      if (!chosen) return;
      await this.#convert(chosen, { goTo: true });
    });
  }

  /** Another state of a workflow has come onto the screen: nothing is said of a batch not in it. */
  look() {
    if (!this.#told || this.#has(this.#told)) return;
    this.#told = null;
    this.#toasts.hide(KEY);
  }

  /**
   * Whether a batch is on the screen.
   *
   * @param {Told} told
   */
  #has({ node, workflow, graphId }) {
    const shown = this.#onScreen;
    if (workflow !== shown.workflow || graphId !== shown.graphId) return false;
    const all = [...nodesOf(this.#root)];
    return all.some(({ id, comfyClass }) => id === node.id && comfyClass === node.comfyClass);
  }

  /** The workflow on the screen, as it is saved. */
  get #saved() {
    const saved = /** @type {SavedWorkflow} */ (/** @type {unknown} */ (this.#root.serialize()));
    return structuredClone(saved);
  }

  /**
   * What is to be done to the workflow as it is now.
   *
   * @param {Where} where
   */
  #plan(where) {
    return planFor(this.#saved, where, { now: new Date(), name: this.#onScreen.workflow?.filename ?? "" });
  }

  get #root() {
    return this.#app.rootGraph ?? this.#app.graph;
  }

  /** The workflow on the screen, to be compared. */
  get #state() {
    return JSON.stringify(this.#root.serialize());
  }

  /** @param {() => Promise<void>} act */
  async #once(act) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await act();
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * @param {Where} where
   * @param {{ goTo?: boolean }} [options] - `goTo` whether to bring the new node into view
   */
  async #convert(where, { goTo = false } = {}) {
    this.#plan(where); // a workflow that cannot become a batch is not touched at all
    const { canvas } = this.#app;
    const { workflow } = this.#onScreen;
    // What was changed before is a step of its own to undo.
    canvas.emitBeforeChange();
    canvas.emitAfterChange();
    // Newer frontends look a second time, and would add to that step what is done until then.
    await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
    if (this.#onScreen.workflow !== workflow) refuse("another");
    const plan = this.#plan(where);
    // All of this, with the choice of a folder, is one step.
    canvas.emitBeforeChange();
    const before = this.#state;
    let isWhole = false;
    try {
      const { node, places } = this.#carryOut(plan);
      isWhole = true;
      await placeBySize(places, /** @type {LiveCanvas} */ (/** @type {unknown} */ (canvas)));
      if (goTo) await this.#screen.goTo(node, { unlessSeen: true });
      else canvas.selectNode(node);
      this.#tell(plan);
      this.#told = { node, workflow, graphId: this.#onScreen.graphId };
      const warning = await this.#chooser.choose({ node, directory: null }, { meanwhile: this.#cover });
      if (warning) this.#toasts.show("choose", message("warn", t("card.choose.label"), warning));
    } finally {
      canvas.emitAfterChange();
      canvas.setDirty(true, true);
      // If nothing was changed, the last step to undo is one of the user's own.
      if (!isWhole && this.#state !== before) await this.#app.extensionManager.command.execute("Comfy.Undo");
    }
  }

  /** @param {Plan} plan */
  #carryOut(plan) {
    const editor = new PageEditor(this.#app, this.#make);
    carryOut(plan, editor);
    const node = /** @type {LiveNode} */ (editor.made(FOLDER_NODE));
    const ours = /** @type {Node} */ (/** @type {unknown} */ (node));
    return { node: ours, places: editor.places };
  }

  /** @param {Plan} plan */
  #tell({ savers, dropped }) {
    if (savers === 0) {
      this.#toasts.show(KEY, message("warn", t("convert.alone.title"), t("convert.alone.detail")));
      return;
    }
    const names = dropped.length > 0 && t("convert.dropped", { tokens: dropped.join(", ") });
    const detail = [t("convert.done.detail", { count: savers }), names].filter(Boolean).join(" ");
    this.#toasts.show(KEY, message("success", t("convert.done.title"), detail));
  }

  /** @param {unknown} error */
  #refuse(error) {
    const title = t("convert.label");
    if (!(error instanceof CannotConvert)) {
      this.#toasts.show(KEY, message("error", title, explained(error)));
      return;
    }
    const detail = t(`convert.refused.${error.reason}`, error.values);
    this.#toasts.show(KEY, message("warn", title, detail));
  }

  /** @param {Where} where */
  #isSelected({ graph, node }) {
    const { graph: shown, selected_nodes: selected } = this.#app.canvas;
    const isShown = graph === (shown === this.#root ? "" : String(shown?.id));
    return isShown && Object.values(selected).some(({ id }) => String(id) === node);
  }
}

/**
 * @param {"success" | "warn" | "error"} severity
 * @param {string} summary
 * @param {string} detail
 */
function message(severity, summary, detail) {
  return { severity, summary, detail, life: LIFE_MS };
}
