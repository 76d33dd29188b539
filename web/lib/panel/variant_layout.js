import { nameOf } from "../items.js";

/**
 * Where the items of a batch are that takes each entry with each of some values: entries go down,
 * and values across.
 *
 * @import { Item, Loop } from "../../../types/server.d.ts"
 * @import { Named } from "../items.js"
 * @typedef {{ row: number, column: number }} Cell
 */

/** Between an entry and its value, in a name. */
const SEPARATOR = " · ";

/** A table of so many entries, in the order of their batch. */
export class Layout {
  /**
   * @param {string[]} labels - of the values
   * @param {number} rows - how many entries there are
   * @param {boolean} byValue - whether all entries are taken with one value before the next
   */
  constructor(labels, rows, byValue) {
    this.labels = labels;
    this.rows = rows;
    this.byValue = byValue;
  }

  /**
   * The place in the batch of the item in a cell.
   *
   * @param {Cell} cell
   */
  indexOf({ row, column }) {
    return this.byValue ? column * this.rows + row : row * this.labels.length + column;
  }

  /**
   * The cell of the item at a place in the batch.
   *
   * @param {number} index
   * @returns {Cell}
   */
  cellOf(index) {
    const across = this.byValue ? this.rows : this.labels.length;
    const [outer, inner] = [Math.floor(index / across), index % across];
    return this.byValue ? { row: inner, column: outer } : { row: outer, column: inner };
  }

  /**
   * The places, in ranges without their ends, of the cells in these rows.
   *
   * @param {{ first: number, end: number }} rows
   * @param {{ first: number, end: number }} columns
   * @returns {[number, number][]}
   */
  ranges(rows, columns) {
    if (rows.end <= rows.first || columns.end <= columns.first) return [];
    if (!this.byValue) {
      const { length } = this.labels;
      return [[rows.first * length, rows.end * length]];
    }
    // The first column names the entries.
    const shown = new Set([0]);
    for (let column = columns.first; column < columns.end; column += 1) shown.add(column);
    return [...shown].map((column) => [column * this.rows + rows.first, column * this.rows + rows.end]);
  }

  /**
   * Whether each place in the batch has the same value as in another layout.
   *
   * @param {Layout} other
   */
  isLike({ labels, rows, byValue }) {
    const isSame = byValue === this.byValue && labels.join("\n") === this.labels.join("\n");
    return isSame && (!byValue || rows === this.rows);
  }

  /**
   * Whether the item at a place in the batch is taken with the value of its column: if items were
   * left out, or came later, a batch has gaps.
   *
   * @param {number} index
   * @param {Pick<Item, "path">} item
   */
  fits(index, { path }) {
    const stem = path.slice(path.lastIndexOf("/") + 1);
    const { column } = this.cellOf(index);
    return stem.replace(/\.[^.]*$/, "").endsWith(SEPARATOR + this.labels[column]);
  }
}

/**
 * The layout of a loop's batch; null if it has no variants, or is no whole table.
 *
 * @param {Pick<Loop, "variants" | "total">} loop
 */
export function layoutOf({ variants, total }) {
  const labels = variants?.labels ?? [];
  if (!variants || labels.length === 0 || total === 0 || total % labels.length > 0) return null;
  return new Layout(labels, total / labels.length, variants.by_value);
}

/**
 * The name of an item's entry.
 *
 * @param {Named} item
 * @param {string} label - of its value
 */
export function entryName(item, label) {
  const name = nameOf(item);
  const at = name.lastIndexOf(SEPARATOR + label);
  return at === -1 ? name : name.slice(0, at) + name.slice(at + SEPARATOR.length + label.length);
}
