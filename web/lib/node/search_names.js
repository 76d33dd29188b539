import { t } from "../texts.js";

/**
 * @import { Extension, Node } from "../../../types/comfyui.d.ts"
 * @typedef {Parameters<NonNullable<Extension["addCustomNodeDefs"]>>[0]} Definitions
 */

const ITERATOR = "BatchLoopDirectoryIterator";

/**
 * The name by which ComfyUI's node search finds Directory Iterator: it says what the node is for,
 * as the search of most frontends looks at nothing else. The node's own title stays as it is.
 */
export class SearchNames {
  /** @type {Definitions[string] | undefined} */
  #iterator;
  #title = "";

  /**
   * ComfyUI is about to create node types from these.
   *
   * @param {Definitions} definitions
   */
  define(definitions) {
    this.#iterator = definitions[ITERATOR];
    this.#title = this.#iterator?.display_name ?? "";
  }

  /** ComfyUI is about to fill its search. */
  apply() {
    if (this.#iterator) this.#iterator.display_name = t("search.iterator");
  }

  /**
   * A node was created: newer frontends give one from the search the name that is shown there.
   *
   * @param {Node} node
   */
  titled(node) {
    const isFromSearch = node.comfyClass === ITERATOR && node.title === t("search.iterator");
    if (isFromSearch) node.title = this.#title;
  }

  /** ComfyUI has created the types; some frontends take a type's title from its definition late. */
  restoreTitle() {
    const type = LiteGraph.registered_node_types[ITERATOR];
    if (type && this.#title) type.title = this.#title;
  }
}
