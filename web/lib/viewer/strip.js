import { attributed, button, element, icon } from "../dom.js";
import { t } from "../texts.js";
import { ownName } from "../words.js";

/**
 * @import { FileFacts } from "../../../types/server.d.ts"
 */

/** Small pictures of all results of an image, one of which is chosen. */
export class Strip {
  element = attributed(element("div", "viewer-strip"), {
    role: "group",
    "aria-label": t("panel.viewer.results"),
  });
  #chosen;
  /** @type {HTMLButtonElement[]} */
  #buttons = [];

  /** @param {(index: number) => void} chosen - called when the user chooses a result */
  constructor(chosen) {
    this.#chosen = chosen;
  }

  /**
   * Show other results; a single one needs no choice.
   *
   * @param {FileFacts[]} results
   * @param {(index: number) => string} thumbnail - the address of a result's small picture
   */
  show(results, thumbnail) {
    this.element.hidden = results.length < 2;
    this.#buttons = results.map((file, index) => {
      const made = button("viewer-thumbnail", "", () => this.#chosen(index));
      made.append(pictureOf(file, thumbnail(index)));
      const values = { number: index + 1, name: ownName(file.path) };
      return attributed(made, { "aria-label": t("panel.viewer.resultNumber", values), title: values.name });
    });
    this.element.replaceChildren(...this.#buttons);
  }

  /** @param {number} index - of the result that is shown */
  mark(index) {
    this.#buttons.forEach((each, place) => {
      each.setAttribute("aria-pressed", `${place === index}`);
      if (place === index) each.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  }
}

/**
 * @param {FileFacts} file
 * @param {string} thumbnail
 */
function pictureOf(file, thumbnail) {
  if (file.shows !== "picture") return icon(file.shows === "text" ? "align-left" : "ban");
  const image = document.createElement("img");
  image.alt = "";
  image.loading = "lazy";
  image.draggable = false;
  image.src = thumbnail;
  return image;
}
