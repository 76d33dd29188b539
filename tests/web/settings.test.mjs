import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { LANGUAGES, SETTINGS } from "../../web/lib/settings.js";

/** A file with English texts. */
function english(name) {
  const file = new URL(`../../locales/en/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** A key as ComfyUI looks it up: a language's own name is the same in every language. */
function textsOf({ name, tooltip, options }) {
  const names = new Set(Object.values(LANGUAGES));
  const shown = (options ?? [])
    .map((option) => option.text ?? option)
    .filter((text) => !names.has(text));
  return {
    name,
    ...(tooltip ? { tooltip } : {}),
    ...(shown.length ? { options: Object.fromEntries(shown.map((text) => [text, text])) } : {}),
  };
}

test("the English texts of the settings are those in the code", () => {
  const inCode = SETTINGS.map((setting) => [setting.id.replaceAll(".", "_"), textsOf(setting)]);
  assert.deepEqual(english("settings"), Object.fromEntries(inCode));
});

test("each heading in the settings window has its text", () => {
  const own = SETTINGS.flatMap(({ category }) => category.slice(0, -1));
  const headings = english("main").settingsCategories;
  assert.deepEqual(headings, Object.fromEntries(own.map((heading) => [heading, heading])));
});
