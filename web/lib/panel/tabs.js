import { attributed, element, setText } from "../dom.js";

/** A row of tabs with a shared panel; the arrow keys move between them. */
export class Tabs {
  element;
  /** The panel of the selected tab. */
  place;
  #tabs;
  #chosen;

  /**
   * @param {string} label - the accessible name of the row
   * @param {string[]} names - one for each tab
   * @param {(name: string) => void} chosen - called when the user selects another tab
   */
  constructor(label, names, chosen) {
    this.#chosen = chosen;
    this.#tabs = new Map(names.map((name) => [name, this.#tab(name)]));
    const list = element("div", "tabs", ...this.#tabs.values());
    attributed(list, { role: "tablist", "aria-label": label });
    list.addEventListener("keydown", (event) => this.#pressed(event));
    this.element = list;
    this.place = attributed(element("div", "tab-place"), { role: "tabpanel", id: "batch-loop-place" });
    this.select(names[0]);
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  label(name, text) {
    setText(/** @type {HTMLElement} */ (this.#tabs.get(name)), text);
  }

  /**
   * Show a tab as selected.
   *
   * @param {string} name
   */
  select(name) {
    for (const [each, tab] of this.#tabs) {
      attributed(tab, { "aria-selected": `${each === name}`, tabindex: each === name ? 0 : -1 });
    }
    this.place.setAttribute("aria-labelledby", idOf(name));
  }

  /** @param {string} name */
  #tab(name) {
    const tab = element("button", "tab");
    tab.type = "button";
    tab.addEventListener("click", () => this.#choose(name));
    return attributed(tab, { role: "tab", id: idOf(name), "aria-controls": "batch-loop-place" });
  }

  /** @param {string} name */
  #choose(name) {
    this.select(name);
    this.#chosen(name);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = [...this.#tabs.keys()];
    const at = names.findIndex((name) => this.#tabs.get(name) === document.activeElement);
    const name = names[(at + step + names.length) % names.length];
    this.#choose(name);
    this.#tabs.get(name)?.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {string} name */
function idOf(name) {
  return `batch-loop-tab-${name}`;
}
