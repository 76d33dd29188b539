import {
  AUDIO_ITERATOR,
  DIRECTORY_ITERATOR,
  FRAME_ITERATOR,
  ROW_ITERATOR,
  VIDEO_ITERATOR,
} from "../iterators.js";
import { t } from "../texts.js";

/**
 * @import { Extension, Node } from "../../../types/comfyui.d.ts"
 * @typedef {Parameters<NonNullable<Extension["addCustomNodeDefs"]>>[0]} Definitions
 */

/** What ComfyUI's search shows, by the nodes' types. */
const SHOWN = {
  [DIRECTORY_ITERATOR]: () => t("search.iterator"),
  [ROW_ITERATOR]: () => t("search.rows"),
  [VIDEO_ITERATOR]: () => t("search.videos"),
  [AUDIO_ITERATOR]: () => t("search.audio"),
  [FRAME_ITERATOR]: () => t("search.frames"),
};

/**
 * The title of a type of nodes, as the page shows it; undefined if there is no such type.
 *
 * @param {string} type
 */
export function titleOfType(type) {
  return LiteGraph.registered_node_types[type]?.title;
}

/**
 * The names by which ComfyUI's node search finds the iterators: they say what the nodes are for, as
 * the search of most frontends looks at nothing else. The nodes' own titles stay as they are.
 */
export class SearchNames {
  /**
   * By the nodes' types.
   *
   * @type {Map<string, { definition: Definitions[string], title: string, shown: () => string }>}
   */
  #named = new Map();

  /**
   * ComfyUI is about to create node types from these.
   *
   * @param {Definitions} definitions
   */
  define(definitions) {
    for (const [type, shown] of Object.entries(SHOWN)) {
      const definition = definitions[type];
      const title = definition?.display_name ?? "";
      if (definition) this.#named.set(type, { definition, title, shown });
    }
  }

  /** ComfyUI is about to fill its search. */
  apply() {
    for (const { definition, shown } of this.#named.values()) definition.display_name = shown();
  }

  /**
   * A node was created: newer frontends give one from the search the name that is shown there.
   *
   * @param {Node} node
   */
  titled(node) {
    const named = this.#named.get(node.comfyClass ?? "");
    if (named && node.title === named.shown()) node.title = named.title;
  }

  /** ComfyUI has created the types; some frontends take a type's title from its definition late. */
  restoreTitle() {
    for (const [name, { title }] of this.#named) {
      const type = LiteGraph.registered_node_types[name];
      if (type && title) type.title = title;
    }
  }
}
