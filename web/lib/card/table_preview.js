import { element, setText } from "../dom.js";
import { t } from "../texts.js";

/** @import { Table } from "../../../types/server.d.ts" */

/** How many columns there is room for: in a narrow card, and in a wide one. */
const [FEWEST, MOST] = [2, 4];

/** The first rows of a Row Iterator's table, and how the table is read. */
export class TablePreview {
  #format = element("div", "table-format");
  #unused = element("div", "table-unused");
  #table = element("table", "table-rows");
  element = element("div", "table", this.#format, this.#unused, this.#table);
  /** @type {Table | null} */
  #shown = null;

  constructor() {
    this.element.hidden = true;
  }

  /**
   * @param {Table | null} table - null for nothing
   * @param {boolean} leavesText - whether rows are typed into the node, too, which are not used
   */
  show(table, leavesText) {
    setText(this.#unused, leavesText ? t("table.textUnused") : "");
    this.#unused.hidden = !leavesText;
    if (table === this.#shown) return;
    this.#shown = table;
    this.element.hidden = table === null;
    if (!table) return;
    setText(this.#format, table.format);
    this.#format.title = table.format;
    const lines = table.rows.map((cells) => lineOf("td", cells));
    const head = isList(table) ? [] : [element("thead", "table-head", lineOf("th", table.columns))];
    this.#table.replaceChildren(...head, element("tbody", "table-body", ...lines));
    this.#table.hidden = lines.length === 0;
  }
}

/**
 * Whether a table is only a list, whose one column nobody has named.
 *
 * @param {Table} table
 */
export function isList({ columns }) {
  return columns.length === 1 && /^column \d+$/.test(columns[0]);
}

/**
 * A line of as many columns as there ever is room for, and how many more there are where there is
 * room for fewer: the style sheet shows what fits.
 *
 * @param {"td" | "th"} tag
 * @param {string[]} texts
 */
function lineOf(tag, texts) {
  const cells = texts.slice(0, MOST).map((text, place) => {
    const cell = element(tag, `table-cell batch-loop-table-column-${place + 1}`, text);
    cell.title = text;
    return cell;
  });
  const rest = [];
  for (let room = FEWEST; room <= MOST; room += 1) {
    const count = texts.length - room;
    const said = tag === "th" ? t("panel.more", { count }) : "";
    if (count > 0) rest.push(element(tag, `table-more batch-loop-table-more-${room}`, said));
  }
  return element("tr", "table-line", ...cells, ...rest);
}
