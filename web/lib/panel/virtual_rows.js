import { attributed, element } from "../dom.js";
import { heightOf, rowAfter, rowsInView, topFor } from "./view.js";

/**
 * A scrollable grid of rows of equal height, of which only those in view are in the page.
 *
 * The focus stays on the grid, as a focused row might leave the page; `aria-activedescendant` names
 * the current row. Fast scrolling may briefly show the grid's background, which looks like empty
 * rows.
 */
export class VirtualRows {
  element;
  #given;
  #rows = element("div", "rows");
  /** @type {Map<number, { key: string, row: HTMLElement }>} */
  #shown = new Map();
  #total = 0;
  #active = -1;
  #resized = new ResizeObserver(() => this.draw());

  /**
   * @param {object} given
   * @param {string} given.label - the accessible name of the grid
   * @param {number} given.rowHeight - in px
   * @param {(index: number) => string} given.keyOf - changes whenever the row must be rebuilt
   * @param {(index: number) => HTMLElement[]} given.cellsOf - the row's content
   * @param {(first: number, end: number) => void} given.inView - called when rows enter the page
   * @param {(index: number) => void} given.opened - called when the user chooses a row
   */
  constructor(given) {
    this.#given = given;
    this.element = attributed(element("div", "grid", this.#rows), {
      role: "grid",
      tabindex: 0,
      "aria-label": given.label,
    });
    this.element.style.setProperty("--batch-loop-row", `${given.rowHeight}px`);
    this.#rows.setAttribute("role", "rowgroup");
    // Drawn in the scroll event itself, so that no frame is without its rows.
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    this.element.addEventListener("focus", () => this.#enter());
    this.#resized.observe(this.element);
  }

  /** The number of rows. */
  get total() {
    return this.#total;
  }

  set total(total) {
    this.#total = total;
    this.element.setAttribute("aria-rowcount", `${total}`);
    this.#rows.style.height = `${heightOf(this.#list)}px`;
    this.draw();
  }

  /** Update the rows in the page to those in view and their current content. */
  draw() {
    const { first, end, shift } = rowsInView(this.#list);
    for (const [index, { row }] of this.#shown) {
      if (index < first || index >= end) this.#remove(index, row);
    }
    // From last to first, as each row is inserted before the next one.
    for (let index = end - 1; index >= first; index -= 1) {
      const { row } = this.#current(index);
      row.style.transform = `translateY(${index * this.#given.rowHeight + shift}px)`;
    }
    this.#mark();
    this.#given.inView(first, end);
  }

  /** The index of the selected row. */
  get chosen() {
    return this.#active;
  }

  /**
   * Select a row and scroll it into view.
   *
   * @param {number} index
   */
  choose(index) {
    this.element.scrollTop = topFor(index, this.#list);
    this.#active = index;
    this.draw();
  }

  /** Remove all rows and stop observing the size. */
  close() {
    this.#resized.disconnect();
    for (const [index, { row }] of this.#shown) this.#remove(index, row);
  }

  get #list() {
    const { scrollTop: top, clientHeight: viewHeight } = this.element;
    return { total: this.#total, rowHeight: this.#given.rowHeight, viewHeight, top };
  }

  /**
   * The row at an index, rebuilt if necessary.
   *
   * @param {number} index
   */
  #current(index) {
    const key = this.#given.keyOf(index);
    const before = this.#shown.get(index);
    if (before?.key === key) return before;
    const row = before?.row ?? this.#added(index);
    row.replaceChildren(...this.#given.cellsOf(index));
    const now = { key, row };
    this.#shown.set(index, now);
    return now;
  }

  /** @param {number} index */
  #added(index) {
    const row = attributed(element("div", "row"), { role: "row", "aria-rowindex": index + 1 });
    row.id = idOf(index);
    row.addEventListener("click", () => {
      this.choose(index);
      this.#given.opened(index);
    });
    this.#rows.insertBefore(row, this.#shown.get(index + 1)?.row ?? null);
    return row;
  }

  /**
   * @param {number} index
   * @param {HTMLElement} row
   */
  #remove(index, row) {
    // Stops loading images that are out of view.
    for (const image of row.querySelectorAll("img")) image.removeAttribute("src");
    row.remove();
    this.#shown.delete(index);
  }

  /** The grid got the focus: keep the selected row or, if it is out of view, select another. */
  #enter() {
    if (!this.#shown.has(this.#active)) {
      const { top, ...list } = this.#list;
      const inSight = [...this.#shown.keys()].filter(
        (index) => topFor(index, { ...list, top }) === top,
      );
      this.#active = Math.min(...inSight, this.#total - 1);
    }
    this.#mark();
  }

  /** Mark the selected row, which may not be in the page. */
  #mark() {
    for (const [index, { row }] of this.#shown) {
      row.classList.toggle("batch-loop-row-active", index === this.#active);
    }
    const id = this.#shown.has(this.#active) ? idOf(this.#active) : null;
    if (id) this.element.setAttribute("aria-activedescendant", id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.target !== this.element) return;
    const index = rowAfter(event.key, this.#active, this.#list);
    if (index !== null) this.choose(index);
    else if (event.key === "Enter" && this.#active >= 0) this.#given.opened(this.#active);
    else return;
    event.preventDefault();
    event.stopPropagation(); // ComfyUI has its own shortcuts for these keys
  }
}

/** @param {number} index */
function idOf(index) {
  return `batch-loop-row-${index}`;
}
