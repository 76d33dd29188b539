import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { labelOptions } from "../../web/lib/node/option_labels.js";
import { Texts, show } from "../../web/lib/texts.js";

const LOCALES = new URL("../../locales/", import.meta.url);
const NODES = new URL("../support/nodes.json", import.meta.url);
const LANGUAGES = readdirSync(LOCALES);
const TEXTS = Object.fromEntries(
  LANGUAGES.map((language) => [language, read(new URL(`${language}/main.json`, LOCALES)).batchLoop]),
);

function read(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Each combo of the pack, as ComfyUI makes its widget. */
function combos() {
  return Object.values(read(NODES))
    .flatMap(({ inputs }) => inputs)
    .filter(({ type }) => type === "COMBO")
    .map(({ name, options, default: value }) => ({ name, value, options: { values: options } }));
}

function labelled(language) {
  show(new Texts(TEXTS, language));
  const node = { widgets: combos() };
  labelOptions(node);
  return node.widgets;
}

test("each option of each combo has a label in each language, and none besides", () => {
  for (const language of LANGUAGES) {
    const { options } = TEXTS[language];
    for (const { name, options: { values } } of combos()) {
      assert.deepEqual(Object.values(TEXTS.en.options[name]), values, name);
      assert.deepEqual(Object.keys(options[name]), Object.keys(TEXTS.en.options[name]), language);
      const labels = Object.values(options[name]);
      assert.equal(new Set(labels).size, values.length, `${language}: ${name} has the same twice`);
    }
    assert.deepEqual(new Set(Object.keys(options)), new Set(combos().map(({ name }) => name)));
  }
});

test("combos show the labels, and keep their values", () => {
  for (const language of LANGUAGES) {
    for (const [place, widget] of labelled(language).entries()) {
      const { getOptionLabel, optionLabel, ...others } = widget.options;
      assert.deepEqual({ ...widget, options: others }, combos()[place]);
      assert.equal(getOptionLabel, optionLabel);
      const labels = others.values.map((value) => getOptionLabel?.(value) ?? value);
      assert.deepEqual(labels, Object.values(TEXTS[language].options[widget.name]));
    }
  }
});

test("a combo whose labels are its values is left as ComfyUI made it", () => {
  assert.deepEqual(labelled("en"), combos());
  const [extension] = labelled("de").filter(({ name }) => name === "extension");
  assert.equal("getOptionLabel" in extension.options, false);
});

test("a value that is none of the options is shown as it is, and none as nothing", () => {
  const filter = labelled("de").find(({ name }) => name === "filter");
  assert.equal(filter.options.getOptionLabel("TGA"), "TGA");
  assert.equal(filter.options.getOptionLabel(null), "");
});

test("widgets that are no combos, and combos of others, are left alone", () => {
  show(new Texts(TEXTS, "de"));
  const widgets = () => [{ name: "filter" }, { name: "limit", options: { min: 0 } }, { name: "mode", options: { values: ["a"] } }];
  const node = { widgets: widgets() };
  labelOptions(node);
  labelOptions({});
  assert.deepEqual(node.widgets, widgets());
});
