import { folderSettings, isChosen, onSettingChanged, widgetOf } from "../card/folder_settings.js";
import { nodesOf, sourceOfInput } from "../graph.js";
import { ROW_VALUE, handsOutRows } from "../iterators.js";
import { folderOf } from "../questions.js";
import { t } from "../texts.js";
import { alsoOn } from "./callbacks.js";
import { setLabels } from "./option_labels.js";

/**
 * @import { App, Extension, Node, Widget } from "../../../types/comfyui.d.ts"
 * @import { Poller } from "../poller.js"
 * @import { Answers, Question } from "../questions.js"
 * @typedef {Parameters<NonNullable<Extension["addCustomNodeDefs"]>>[0]} Definitions
 */

const COLUMN = "column";

/**
 * Row Value's `column`, as a choice among the columns of the table that its row is of. For the
 * server it is a text: it takes any, as the table may have another column tomorrow.
 */
export class Columns {
  #app;
  #following;
  /** The columns of the tables that have been asked about. @type {Map<Question, string[]>} */
  #known = new Map();

  /**
   * @param {object} given
   * @param {App} given.app
   * @param {Pick<Poller, "follow">} given.poller
   */
  constructor({ app, poller }) {
    this.#app = app;
    this.#following = poller.follow({
      questions: () => this.#asked().flatMap(({ question }) => question ?? []),
      told: (answers) => this.#told(answers),
    });
  }

  /**
   * ComfyUI is about to create node types from these: have it make a combo.
   *
   * @param {Definitions} definitions
   */
  define(definitions) {
    const inputs = definitions[ROW_VALUE]?.input?.required;
    const [, options] = inputs?.[COLUMN] ?? [];
    if (inputs && options) inputs[COLUMN] = [[""], options];
  }

  /**
   * A node was created.
   *
   * @param {Node} node
   */
  add(node) {
    const changed = () => this.#following.whenSettled();
    if (handsOutRows(node)) onSettingChanged(node, changed);
    if (node.comfyClass !== ROW_VALUE) return;
    const column = widgetOf(node, COLUMN);
    if (column) offer(node, column, []);
    alsoOn(node, "onConnectionsChange", changed);
    alsoOn(node, "onConfigure", changed);
    changed();
  }

  /** The Row Values of the workflow, each with the question about its table. */
  #asked() {
    const root = this.#app.rootGraph ?? this.#app.graph;
    const all = [...nodesOf(root)].filter(({ comfyClass }) => comfyClass === ROW_VALUE);
    return all.map((node) => {
      const iterator = sourceOfInput(root, node, "row");
      const settings = iterator && handsOutRows(iterator) ? folderSettings(iterator) : null;
      return { node, question: settings && isChosen(settings) ? folderOf(settings) : null };
    });
  }

  /** @param {Answers} answers */
  #told(answers) {
    for (const [question, { value }] of answers) {
      if (value?.columns) this.#known.set(question, value.columns);
    }
    for (const { node, question } of this.#asked()) {
      const columns = question === null ? [] : this.#known.get(question);
      const widget = widgetOf(node, COLUMN);
      if (widget && columns) offer(node, widget, columns);
    }
  }
}

/**
 * The values to choose from: the first column, each by its name, and the chosen one in any case.
 *
 * @param {string[]} columns
 * @param {string} chosen
 */
export function choices(columns, chosen) {
  return [...new Set(["", ...columns, chosen])];
}

/**
 * What to show for a value.
 *
 * @param {string[]} columns - those of the table; empty if it is not known
 * @param {unknown} value
 */
export function labelOf(columns, value) {
  const column = String(value ?? "");
  if (column === "") return t("column.first");
  const isMissing = columns.length > 0 && !columns.includes(column);
  return isMissing ? t("column.missing", { column }) : column;
}

/**
 * The first list that a widget had.
 *
 * @type {WeakMap<Widget, string[]>}
 */
const lists = new WeakMap();

/**
 * Have a widget offer these values.
 *
 * @param {Node} node
 * @param {Widget} widget
 * @param {string[]} columns
 * @param {(columns: string[], value: unknown) => string} [label] - what to show for a value
 */
export function offer(node, widget, columns, label = labelOf) {
  const values = choices(columns, String(widget.value ?? ""));
  const before = widget.options.values;
  if (Array.isArray(before) && before.join("\n") === values.join("\n") && columns.length > 0) return;
  // Nodes 2.0 of 1.32 has the first list, and looks at it when it is opened; newer ones look at
  // other options only if they are in another object, and once the node's widgets are set.
  const first = lists.get(widget) ?? [];
  lists.set(widget, first);
  first.splice(0, first.length, ...values);
  const isNew = !Array.isArray(before) || before.every((value) => value === "");
  widget.options = { ...widget.options, values: isNew ? first : values };
  setLabels(widget.options, (value) => label(columns, value));
  node.widgets = [...(node.widgets ?? [])];
  node.graph?.setDirtyCanvas(true, true);
}
