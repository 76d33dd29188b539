import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { iteratorModel } from "../../web/lib/card/texts_and_buttons.js";
import { isChosen, leavesText } from "../../web/lib/card/folder_settings.js";
import { isList } from "../../web/lib/card/table_preview.js";
import { sourceOfInput } from "../../web/lib/graph.js";
import { isRow, lettersOf, nameOf, sourceOf, titleOf } from "../../web/lib/items.js";
import { choices, labelOf } from "../../web/lib/node/columns.js";
import { folderOf, kindOf } from "../../web/lib/questions.js";
import { textsFor } from "../../web/lib/texts.js";

const ROW = { path: "a red fox 0123456789ab.row", title: "a red fox" };
const SETTINGS = { file: "rows.csv", text: "" };
const TABLE = {
  directory: "/in/rows.csv",
  loop: "l",
  known: false,
  forgets: "",
  total: 12,
  exact: true,
  new: 0,
  first: "a",
  last: "c",
  nothing: null,
  format: "CSV",
  columns: ["name"],
  rows: [["a"], ["b"], ["c"]],
};

const model = (known) =>
  iteratorModel({ settings: SETTINGS, source: "rows", canChoose: true, folder: null, refusal: null, state: null, ...known });

test("a row is named by its title, and an image by its file", () => {
  assert.deepEqual([isRow(ROW), nameOf(ROW), titleOf(ROW)], [true, "a red fox", "a red fox"]);
  const image = { path: "sub/img1.png" };
  assert.deepEqual([isRow(image), nameOf(image), titleOf(image)], [false, "img1.png", "sub/img1.png"]);
});

test("the first letters of its words stand for a row", () => {
  const letters = (title) => lettersOf({ path: "x.row", title });
  assert.deepEqual(["a red fox, quick", "portrait", "7", "狐狸", "…"].map(letters), ["arf", "po", "7", "狐狸", "·"]);
});

test("what was typed has no path", () => {
  assert.deepEqual([sourceOf("(typed text)"), sourceOf("/in/rows.csv")], ["typed text", "/in/rows.csv"]);
});

test("a batch of rows has texts of its own where they differ", () => {
  assert.equal(textsFor("rows")("card.none"), "No row");
  assert.equal(textsFor("images")("card.none"), "No image");
  assert.equal(textsFor("rows")("card.completeDetail"), "The batch is complete.");
});

test("a table is asked about by its file or its text", () => {
  assert.equal(kindOf(folderOf(SETTINGS)), "table");
  assert.equal(kindOf(folderOf({ directory: "in" })), "folder");
  assert.deepEqual([SETTINGS, { file: " ", text: "\n" }, { file: "", text: "a" }].map(isChosen), [true, false, true]);
});

test("what is typed is not used where a file is named", () => {
  const named = { file: "a.csv", text: "a cat" };
  const others = [SETTINGS, { ...named, file: " " }, { ...named, text: "\n" }, { directory: "in" }, null];
  assert.deepEqual([named, ...others].map(leavesText), [true, false, false, false, false, false]);
});

test("the card of a table says how many rows there are, and what to do without one", () => {
  const ready = model({ folder: TABLE });
  assert.deepEqual([ready.phase, ready.headline, ready.detail], ["ready", "12 rows", ""]);
  assert.equal(ready.hint, "Press Run for all rows, or try one first.");
  assert.equal(ready.buttons.listable, true);
  const none = model({ settings: { file: "", text: "" } });
  assert.deepEqual([none.phase, none.headline, none.buttons.primary], ["empty", "No rows yet", "choose"]);
  assert.equal(model({ settings: null }).headline, "The table comes from another node");
});

test("only a list without a name for its column has no header", () => {
  const lists = [["column 1"], ["prompt"], ["column 1", "column 2"]].map((columns) => isList({ ...TABLE, columns }));
  assert.deepEqual(lists, [true, false, false]);
});

test("a column that the table does not have stays, and is marked", () => {
  const columns = ["name", "steps"];
  assert.deepEqual(choices(columns, "length"), ["", "name", "steps", "length"]);
  assert.deepEqual(choices(columns, "steps"), ["", "name", "steps"]);
  assert.deepEqual(
    ["", "name", "length"].map((value) => labelOf(columns, value)),
    ["first column", "name", "length (not in the table)"],
  );
  assert.equal(labelOf([], "length"), "length");
});

test("a row is followed through reroutes, and out of subgraphs", () => {
  const iterator = { comfyClass: "BatchLoopRowIterator", graph: {} };
  const reroute = { type: "Reroute", graph: {}, getInputNode: () => iterator };
  const inner = { nodes: [] };
  const around = { subgraph: inner, graph: {}, getInputNode: (slot) => (slot === 2 ? reroute : null) };
  const value = {
    graph: inner,
    inputs: [{ name: "row" }],
    getInputNode: () => null,
    getInputLink: () => ({ origin_slot: 2 }),
  };
  const root = { nodes: [around, reroute, iterator] };
  assert.equal(sourceOfInput(root, value, "row"), iterator);
  assert.equal(sourceOfInput(root, value, "other"), null);
  assert.equal(sourceOfInput(root, { ...value, getInputLink: () => null }, "row"), null);
});
