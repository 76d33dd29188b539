import { button, element } from "../dom.js";
import { alsoOn } from "../node/callbacks.js";
import { titleOfType } from "../node/search_names.js";
import { t } from "../texts.js";
import { addSaver, isAlone, saverAfter } from "./add_saver.js";

/** @import { App, Node } from "../../../types/comfyui.d.ts" */

/**
 * What an iterator's card says while nothing follows the node: which node comes next, with a button
 * that adds it.
 *
 * @param {App} app
 * @param {Node} iterator
 */
export function saverOffer(app, iterator) {
  const node = titleOfType(saverAfter(iterator)) ?? "";
  const add = button("button", t("next.add"), () => addSaver(app, iterator));
  add.title = t("next.tooltip", { node });
  add.classList.add("batch-loop-button-primary");
  const offer = element("div", "next", element("span", "next-text", t("next.text", { node })), add);
  const update = () => (offer.hidden = !isAlone(iterator));
  alsoOn(iterator, "onConnectionsChange", update);
  alsoOn(iterator, "onConfigure", update);
  update();
  return offer;
}
