import { attributed, element, setText } from "../dom.js";
import { titleOf } from "../items.js";
import { showCut } from "../middle_cut.js";
import { t } from "../texts.js";
import { sign } from "./item_row.js";
import { Pages } from "./pages.js";
import { Pictures } from "./pictures.js";
import { entryName, layoutOf } from "./variant_layout.js";
import { heightOf, rowAfter, rowsInView, topFor } from "./view.js";

/**
 * @import { LoopServer } from "../server.js"
 * @import { Item, Loop } from "../../../types/server.d.ts"
 * @import { Cell, Layout } from "./variant_layout.js"
 */

/** Sizes in px: of a cell, of the names of entries, and of the line with the values. */
const CELL = 84;
const NAMES = 96;
const HEAD = 28;
/** Columns beside those in view. */
const SPARE = 2;
/** Size of thumbnails in px, sharp on a screen with a pixel ratio of 2. */
const PICTURE_SIZE = 160;

/**
 * The results of a batch that takes each entry with each of some values: entries go down, values
 * across. Only the cells in view are in the page; names and values stay in sight.
 *
 * It is used in place of a `Gallery`, and its items have the same places.
 */
export class VariantGrid {
  #given;
  #server;
  #loop;
  /** @type {Layout} */
  #layout;
  #pages;
  #head = attributed(element("div", "variant-head"), { role: "row" });
  #rows = attributed(element("div", "variant-rows"), { role: "rowgroup" });
  element;
  /**
   * The elements in the page, and what they show.
   *
   * @type {Map<string, { key: string, made: HTMLElement }>}
   */
  #shown = new Map();
  /** @type {Map<number, HTMLElement>} */
  #lines = new Map();
  /** @type {Cell | null} */
  #active = null;
  #changes = "";
  #resized = new ResizeObserver(() => this.draw());

  /**
   * @param {object} given
   * @param {LoopServer} given.server
   * @param {Loop} given.loop
   * @param {Layout} given.layout
   * @param {(index: number) => void} given.opened - called when the user chooses an item
   * @param {() => void} given.arrived - called when more items are known
   * @param {() => void} given.broken - called when the batch turns out to be no whole table
   */
  constructor(given) {
    this.#given = given;
    this.#server = given.server;
    this.#loop = given.loop;
    this.#layout = given.layout;
    this.#pages = this.#newPages();
    this.element = attributed(element("div", "grid batch-loop-variants", this.#head, this.#rows), {
      role: "grid",
      tabindex: 0,
      "aria-label": t("panel.variants"),
    });
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    this.element.addEventListener("focus", () => this.#enter());
    this.#resized.observe(this.element);
    this.show(given.loop);
  }

  /** The number of items. */
  get total() {
    return this.#loop.total;
  }

  /** The items that the server has sent. */
  get items() {
    return this.#pages.items;
  }

  /** The selected item; undefined until the server has sent it. */
  get chosen() {
    return this.#active ? this.item(this.#layout.indexOf(this.#active)) : undefined;
  }

  /**
   * The item at a place in the batch; undefined until the server has sent it.
   *
   * @param {number} index
   */
  item(index) {
    return this.#pages.item(index);
  }

  /**
   * Select an item and scroll it into view.
   *
   * @param {number} index
   */
  choose(index) {
    this.#select(this.#layout.cellOf(index));
  }

  /**
   * Show the loop's current state.
   *
   * @param {Loop} loop
   */
  show(loop) {
    const { batch, total, pending, running, finishing, done, failed, current } = loop;
    const layout = layoutOf(loop);
    if (!layout) {
      this.#given.broken();
      return;
    }
    if (!layout.isLike(this.#layout)) {
      // What was sent, or is on its way, would be in columns of other values.
      this.#pages.close();
      this.#pages = this.#newPages();
    }
    this.#loop = loop;
    this.#layout = layout;
    const places = current.map(({ index }) => index);
    const changes = JSON.stringify([batch, total, pending, running, finishing, done, failed, places]);
    if (this.#changes && changes !== this.#changes) this.#pages.refresh();
    this.#changes = changes;
    attributed(this.element, {
      "aria-rowcount": layout.rows + 1,
      "aria-colcount": layout.labels.length + 1,
    });
    this.#rows.style.height = `${heightOf(this.#list)}px`;
    const width = `${NAMES + layout.labels.length * CELL}px`;
    this.#rows.style.width = this.#head.style.width = width;
    this.draw();
  }

  /** Update the cells in the page to those in view and their current content. */
  draw() {
    const rows = rowsInView(this.#list);
    const columns = this.#columnsInView();
    const kept = new Set(["corner"]);
    this.#put("corner", this.#head, "", () => attributed(element("div", "variant-corner"), { role: "columnheader" }));
    for (let column = columns.first; column < columns.end; column += 1) {
      kept.add(this.#drawLabel(column));
    }
    for (const [row, line] of this.#lines) if (row < rows.first || row >= rows.end) this.#drop(row, line);
    for (let row = rows.first; row < rows.end; row += 1) {
      const line = this.#line(row);
      line.style.transform = `translateY(${row * CELL + rows.shift}px)`;
      for (const id of this.#drawRow(row, line, columns)) kept.add(id);
    }
    for (const [id, { made }] of this.#shown) {
      if (kept.has(id)) continue;
      stopLoading(made);
      made.remove();
      this.#shown.delete(id);
    }
    this.#mark();
    this.#pages.wantAll(this.#layout.ranges(rows, columns));
  }

  /** Remove all cells and stop observing the size. */
  close() {
    this.#resized.disconnect();
    this.#pages.close();
    for (const { made } of this.#shown.values()) stopLoading(made);
    this.#shown.clear();
  }

  #newPages() {
    return new Pages(
      (start, count) => this.#server.items(this.#given.loop.id, { start, count }),
      () => {
        this.draw();
        this.#given.arrived();
      },
    );
  }

  get #list() {
    const { scrollTop: top, clientHeight } = this.element;
    return { total: this.#layout.rows, rowHeight: CELL, viewHeight: Math.max(0, clientHeight - HEAD), top };
  }

  #columnsInView() {
    const { scrollLeft, clientWidth } = this.element;
    const first = Math.max(0, Math.floor(scrollLeft / CELL) - SPARE);
    const end = Math.ceil((scrollLeft + Math.max(0, clientWidth - NAMES)) / CELL) + SPARE;
    return { first, end: Math.min(this.#layout.labels.length, end) };
  }

  /**
   * Make an element, or make it anew if what it shows has changed; returns its id.
   *
   * @param {string} id
   * @param {HTMLElement} place
   * @param {string} key
   * @param {() => HTMLElement} make
   */
  #put(id, place, key, make) {
    const before = this.#shown.get(id);
    if (before?.key === key) return id;
    const made = make();
    if (before) before.made.replaceWith(made);
    else place.append(made);
    this.#shown.set(id, { key, made });
    return id;
  }

  /** @param {number} column */
  #drawLabel(column) {
    const label = this.#layout.labels[column];
    return this.#put(`label-${column}`, this.#head, label, () => {
      const made = element("div", "variant-label");
      setText(made, label);
      return at(attributed(made, { role: "columnheader", title: label, "aria-colindex": column + 2 }), column);
    });
  }

  /**
   * @param {number} row
   * @param {HTMLElement} line
   * @param {{ first: number, end: number }} columns
   */
  #drawRow(row, line, columns) {
    const pictures = new Pictures(this.#server, this.#loop, PICTURE_SIZE);
    const first = this.item(this.#layout.indexOf({ row, column: 0 }));
    const ids = [
      this.#put(`name-${row}`, line, first?.path ?? "", () => nameCell(first, this.#layout.labels[0], pictures)),
    ];
    for (let column = columns.first; column < columns.end; column += 1) {
      const index = this.#layout.indexOf({ row, column });
      const item = this.item(index);
      if (item && !this.#layout.fits(index, item)) queueMicrotask(this.#given.broken);
      const key = item ? JSON.stringify([this.#loop.batch, item]) : "";
      const id = idOf({ row, column });
      ids.push(
        this.#put(id, line, key, () => {
          const made = at(resultCell(item, pictures), column);
          made.id = id;
          made.setAttribute("aria-colindex", `${column + 2}`);
          made.addEventListener("click", () => {
            this.#select({ row, column });
            this.#given.opened(index);
          });
          return made;
        }),
      );
    }
    return ids;
  }

  /** @param {number} row */
  #line(row) {
    const before = this.#lines.get(row);
    if (before) return before;
    const made = attributed(element("div", "variant-row"), { role: "row", "aria-rowindex": row + 2 });
    this.#lines.set(row, made);
    this.#rows.append(made);
    return made;
  }

  /**
   * @param {number} row
   * @param {HTMLElement} line
   */
  #drop(row, line) {
    line.remove();
    this.#lines.delete(row);
  }

  /** @param {Cell} cell */
  #select(cell) {
    this.#active = cell;
    this.element.scrollTop = topFor(cell.row, this.#list);
    const left = cell.column * CELL;
    const room = Math.max(CELL, this.element.clientWidth - NAMES);
    const { scrollLeft } = this.element;
    this.element.scrollLeft = Math.min(Math.max(scrollLeft, left + CELL - room), left);
    this.draw();
  }

  /** The grid got the focus. */
  #enter() {
    if (!this.#active) this.#active = { row: rowsInView({ ...this.#list }).first, column: 0 };
    this.#mark();
  }

  /** Mark the selected cell, which may not be in the page. */
  #mark() {
    const id = this.#active ? idOf(this.#active) : "";
    for (const [each, { made }] of this.#shown) made.classList.toggle("batch-loop-variant-active", each === id);
    if (this.#shown.has(id)) this.element.setAttribute("aria-activedescendant", id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.target !== this.element) return;
    const { row, column } = this.#active ?? { row: 0, column: 0 };
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const down = rowAfter(event.key, row, this.#list);
    if (across) {
      const last = this.#layout.labels.length - 1;
      this.#select({ row, column: Math.max(0, Math.min(last, column + across)) });
    } else if (down !== null) this.#select({ row: down, column });
    else if (event.key === "Enter" && this.#active) this.#given.opened(this.#layout.indexOf(this.#active));
    else return;
    event.preventDefault();
    event.stopPropagation(); // ComfyUI has its own shortcuts for these keys
  }
}

/** @param {Cell} cell */
function idOf({ row, column }) {
  return `batch-loop-cell-${row}-${column}`;
}

/**
 * Put an element into a column.
 *
 * @template {HTMLElement} Made
 * @param {Made} made
 * @param {number} column
 */
function at(made, column) {
  made.style.left = `${NAMES + column * CELL}px`;
  return made;
}

/**
 * @param {Item | undefined} item - the first of its entry
 * @param {string} label
 * @param {Pictures} pictures
 */
function nameCell(item, label, pictures) {
  const made = attributed(element("div", "variant-name"), { role: "rowheader" });
  if (!item) return made;
  const name = entryName(item, label);
  const entry = element("span", "variant-entry");
  showCut(entry, name);
  made.append(pictures.source(item), entry);
  made.title = name;
  return made;
}

/**
 * @param {Item | undefined} item
 * @param {Pictures} pictures
 */
function resultCell(item, pictures) {
  const made = attributed(element("div", "variant-cell"), { role: "gridcell" });
  if (!item) return made;
  const said = [titleOf(item), t(`panel.item.${item.state}`), item.state === "failed" ? item.reason : ""];
  made.title = said.filter(Boolean).join("\n");
  made.setAttribute("aria-label", said.filter(Boolean).join(", "));
  made.dataset.state = item.state;
  made.append(pictures.results(item) ?? sign(item.state));
  return made;
}

/** @param {HTMLElement} made */
function stopLoading(made) {
  for (const image of made.querySelectorAll("img")) image.removeAttribute("src");
}
