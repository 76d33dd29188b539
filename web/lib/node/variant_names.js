import { VARIANTS, onVariantsChanged, variantsNodesOf } from "../card/variants.js";
import { widgetOf } from "../card/folder_settings.js";
import { iteratorOf, nodesOf } from "../graph.js";
import { isIterator } from "../iterators.js";
import { soon } from "../soon.js";
import { t } from "../texts.js";
import { alsoOn } from "./callbacks.js";
import { offer } from "./columns.js";

/**
 * @import { App, Extension, Node } from "../../../types/comfyui.d.ts"
 * @typedef {Parameters<NonNullable<Extension["addCustomNodeDefs"]>>[0]} Definitions
 */

const VARIANT_VALUE = "BatchLoopVariantValue";
const NAME = "name";

/**
 * Variant Value's `name`, as a choice among the Variants that its iterator has. For the server it
 * is a text: it takes any, as another one may be connected tomorrow.
 */
export class VariantNames {
  #app;
  #isLooking = false;

  /** @param {{ app: App }} given */
  constructor({ app }) {
    this.#app = app;
  }

  /**
   * ComfyUI is about to create node types from these: have it make a combo.
   *
   * @param {Definitions} definitions
   */
  define(definitions) {
    const inputs = definitions[VARIANT_VALUE]?.input?.required;
    const [, options] = inputs?.[NAME] ?? [];
    if (inputs && options) inputs[NAME] = [[""], options];
  }

  /**
   * A node was created.
   *
   * @param {Node} node
   */
  add(node) {
    const changed = () => this.#later();
    if (node.comfyClass === VARIANTS) onVariantsChanged(node, changed);
    if (isIterator(node.comfyClass)) alsoOn(node, "onConnectionsChange", changed);
    if (node.comfyClass !== VARIANT_VALUE) return;
    offerNames(node, []);
    alsoOn(node, "onConnectionsChange", changed);
    alsoOn(node, "onConfigure", changed);
    changed();
  }

  /** Links and values come one by one: look once all of them are there. */
  #later() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    soon(() => {
      this.#isLooking = false;
      for (const node of nodesOf(this.#app.rootGraph ?? this.#app.graph)) {
        if (node.comfyClass === VARIANT_VALUE) offerNames(node, namesFor(node));
      }
    });
  }
}

/**
 * The names of the Variants that a Variant Value can give; none if they are not known.
 *
 * @param {Node} node
 */
export function namesFor(node) {
  const iterator = iteratorOf(node);
  const found = iterator && variantsNodesOf(iterator);
  if (!Array.isArray(found)) return [];
  return found.map((each) => String(widgetOf(each, NAME)?.value ?? "").trim() || "value");
}

/**
 * What to show for a name.
 *
 * @param {string[]} names - those that there are; empty if they are not known
 * @param {unknown} value
 */
export function labelOf(names, value) {
  const name = String(value ?? "");
  if (name === "") return t("variantName.first");
  const isMissing = names.length > 0 && !names.includes(name);
  return isMissing ? t("variantName.missing", { name }) : name;
}

/**
 * @param {Node} node
 * @param {string[]} names
 */
function offerNames(node, names) {
  const widget = widgetOf(node, NAME);
  if (widget) offer(node, widget, names, labelOf);
}
