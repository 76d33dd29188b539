import assert from "node:assert/strict";
import test from "node:test";
import { comfyLanguage } from "../../web/lib/comfy_language.js";
import { Texts, load, show, t } from "../../web/lib/texts.js";

const TREES = {
  en: { panel: { title: "Batches", images: { one: "{count} image", other: "{count} images" } } },
  "pt-BR": { panel: { title: "Lotes" } },
  ru: { panel: { images: { one: "{count} файл", few: "{count} файла", many: "{count} файлов" } } },
  zh: { panel: { title: "批次" } },
  "zh-TW": { panel: { title: "批次作業" } },
};

const NODES = { BatchLoopLoopEnd: { display_name: "Loop End" } };

test("a text is found by its path, in the user's language", () => {
  assert.equal(new Texts(TREES, "zh-TW").text("panel.title"), "批次作業");
  assert.equal(new Texts(TREES, "zh").text("panel.title"), "批次");
});

test("a language stands in for its regions, and a region for its language", () => {
  assert.equal(new Texts(TREES, "zh-CN").language, "zh");
  assert.equal(new Texts(TREES, "pt").language, "pt-BR");
  assert.equal(new Texts(TREES, "zh_tw").language, "zh-TW");
});

test("missing texts are English, and so are those of an unknown language", () => {
  assert.equal(new Texts(TREES, "ru").text("panel.title"), "Batches");
  assert.equal(new Texts(TREES, "fi").text("panel.title"), "Batches");
});

test("a missing text shows its path", () => {
  assert.equal(new Texts(TREES, "en").text("panel.nothing"), "panel.nothing");
  assert.equal(new Texts().text("panel.title"), "panel.title");
});

test("numbers choose the plural form, and are formatted for the language", () => {
  const english = new Texts(TREES, "en");
  assert.equal(english.text("panel.images", { count: 1 }), "1 image");
  assert.equal(english.text("panel.images", { count: 1234 }), "1,234 images");
  const russian = new Texts(TREES, "ru");
  assert.equal(russian.text("panel.images", { count: 3 }), "3 файла");
  assert.equal(russian.text("panel.images", { count: 5 }), "5 файлов");
});

test("values are filled in unchanged, and placeholders without a value stay", () => {
  const own = new Texts({ en: { a: "{path} of {folder}" } }, "en");
  assert.equal(own.text("a", { path: "{folder}" }), "{folder} of {folder}");
});

test("texts are read from where the server collects them", async () => {
  const asked = [];
  const api = {
    fetchApi: async (route) => {
      asked.push(route);
      return { ok: true, json: async () => ({ en: { batchLoop: TREES.en, nodeDefs: NODES }, de: {} }) };
    },
  };
  assert.equal(await load(api, "de"), NODES);
  assert.deepEqual(asked, ["/i18n"]);
  assert.equal(t("panel.title"), "Batches");
  show(new Texts());
});

test("without the texts the page goes on", async (t) => {
  const warned = t.mock.method(console, "warn", () => {});
  const api = { fetchApi: async () => ({ ok: false, status: 500, statusText: "Broken" }) };
  assert.deepEqual(await load(api, "de"), {});
  assert.match(warned.mock.calls[0].arguments[0], /500 Broken/);
});

test("ComfyUI's button is called what it says, in whatever language it is", () => {
  const run = { en: "Run", de: "Ausführen" };
  const language = (label) => comfyLanguage(run, "de", () => label);
  assert.equal(language(undefined), "de");
  assert.equal(language(" Run (Instant) "), "en");
  assert.equal(language("Stop Run (Instant)"), "en");
  assert.equal(language("Ausführen (Sofort)"), "de");
});

test("any text can use ComfyUI's own words for its ways to run", () => {
  const en = { comfy: { run: "Run", instant: "Run (Instant)" }, how: "{instant}, {run}, {other}" };
  assert.equal(new Texts({ en }).text("how"), "Run (Instant), Run, {other}");
});
