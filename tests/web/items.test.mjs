import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { isChosen } from "../../web/lib/card/folder_settings.js";
import { timeOf } from "../../web/lib/card/item_chooser.js";
import { iteratorModel } from "../../web/lib/card/texts_and_buttons.js";
import { variantsOf } from "../../web/lib/card/variants.js";
import { reasonOf } from "../../web/lib/card/why_nothing.js";
import { areFiles, placeIn, sourceOfType } from "../../web/lib/iterators.js";
import { labelOf } from "../../web/lib/node/variant_names.js";
import { entryName, layoutOf } from "../../web/lib/panel/variant_layout.js";
import { isFrame } from "../../web/lib/items.js";
import { folderOf, kindOf } from "../../web/lib/questions.js";
import { textsFor } from "../../web/lib/texts.js";

const FOLDER = {
  directory: "/in",
  loop: "l",
  known: false,
  forgets: "",
  total: 8,
  entries: 8,
  variants: 0,
  new: 0,
  first: "a.mp4",
  last: "h.mp4",
  nothing: null,
  film: null,
};
const FILM = { width: 1920, height: 1080, fps: 29.97, frames: 1440, seconds: 60, picture: "film_000000.frame" };

const model = (known) =>
  iteratorModel({ canChoose: true, folder: FOLDER, refusal: null, state: null, ...known });

const videos = { directory: "in", iterator: "BatchLoopVideoIterator" };

test("each iterator has its place and its texts", () => {
  const types = ["Directory", "Row", "Video", "Audio", "Frame"].map((name) => `BatchLoop${name}Iterator`);
  assert.deepEqual(types.map((comfyClass) => placeIn({ comfyClass })), ["directory", "file", "directory", "directory", "film"]);
  assert.deepEqual(types.map(sourceOfType), ["images", "rows", "videos", "audio", "frames"]);
  assert.deepEqual(
    types.map((type) => textsFor(sourceOfType(type))("card.holds", { count: 2 })),
    ["2 images", "2 rows", "2 files", "2 files", "2 frames"],
  );
  assert.equal(textsFor("frames")("card.complete", { count: 2 }), "All 2 frames done");
  assert.equal(textsFor("frames windows")("card.complete", { count: 2 }), "All 2 runs done");
  assert.equal(textsFor("images variants")("card.complete", { count: 2 }), "All 2 runs done");
  assert.equal(textsFor("images variants")("card.holds", { count: 2 }), "2 images");
});

test("a folder is asked about for each kind, and of folders the items are files", () => {
  assert.equal(kindOf(folderOf(videos)), "folder");
  assert.equal(kindOf(folderOf({ film: "film.mp4" })), "folder");
  assert.deepEqual([{ film: " " }, { film: "film.mp4" }].map(isChosen), [false, true]);
  assert.deepEqual(["videos", "audio variants", "frames", "rows"].map(areFiles), [true, true, false, false]);
});

test("the card of videos says how many there are, and why there are none", () => {
  const found = model({ settings: videos, source: "videos" });
  assert.deepEqual([found.headline, found.detail, found.buttons.listable], ["8 files", "first: a.mp4\nlast: h.mp4", true]);
  const nothing = { why: "other", images: 0, folders: 0, kinds: [{ kind: ".mp4", count: 2 }] };
  assert.match(reasonOf(nothing, null), /not videos/);
  assert.equal(reasonOf(nothing, null, "audio"), "The folder holds other files: .mp4 (2).");
  const filtered = { ...nothing, why: "filter", images: 2, kinds: [] };
  assert.match(reasonOf(filtered, { ...videos, custom_pattern: "mp4" }, "videos"), /Did you mean \*\.mp4\?/);
});

test("the card of a film describes it", () => {
  const settings = { film: "film.mp4", frames: 1 };
  const folder = { ...FOLDER, total: 1440, entries: 1440, film: FILM, first: "film_000000", last: "film_001439" };
  const whole = model({ settings, folder, source: "frames" });
  assert.equal(whole.headline, "1,440 frames");
  assert.equal(whole.detail, "1920 × 1080 · 29.97 fps\n1 min 0 s");
  assert.equal(whole.image.path, "film_000000.frame");
  for (const path of ["film_000000.frame", "film_000000.frames16"]) assert.ok(isFrame({ path }));
  for (const path of ["a.frames", "a.frames0", "frame.png"]) assert.ok(!isFrame({ path }));
  const windows = model({ settings: { ...settings, frames: 8 }, folder: { ...folder, total: 180, entries: 180 }, source: "frames" });
  assert.equal(windows.headline, "180 runs of up to 8 frames");
  assert.match(windows.detail, /\n1,440 frames · 1 min 0 s$/);
  const some = model({ settings, folder: { ...folder, total: 3, entries: 3 }, source: "frames" });
  assert.deepEqual([some.headline, some.detail.split("\n")[1]], ["3 frames", "1,440 frames · 1 min 0 s"]);
});

test("a frame is offered with its time, and nothing else is", () => {
  const frame = (title, path = `${title}.frame`) => ({ path, title });
  assert.equal(timeOf(frame("my.film_000030"), 25), "0:01.20");
  assert.equal(timeOf(frame("film_090001 · ink", "film_090001 · ink.frames8"), 25), "1:00:00.04");
  assert.equal(timeOf(frame("film_000030"), 0), "");
  assert.equal(timeOf(frame("a_000030", "a_000030 0123456789ab.row"), 25), "");
});

test("the card says with how many values each item is taken", () => {
  const say = (variants) =>
    model({ settings: { directory: "in" }, folder: { ...FOLDER, total: 40, variants }, source: "images variants" }).headline;
  assert.deepEqual([5, 1, null].map(say), ["8 images × 5 variants", "8 images × 1 variant", "8 images, each with variants"]);
});

/** A node with its inputs by name, whose values are nodes or true for other links. */
function node(comfyClass, inputs = {}, values = {}, mode = 0) {
  const names = Object.keys(inputs);
  const made = {
    comfyClass,
    mode,
    inputs: names.map((name) => ({ name })),
    widgets: Object.entries(values).map(([name, value]) => ({ name, value })),
    isInputConnected: (slot) => Boolean(inputs[names[slot]]),
    getInputNode: (slot) => (inputs[names[slot]] === true ? null : inputs[names[slot]]),
    getInputLink: () => null,
  };
  made.graph = { nodes: [made] };
  return made;
}

test("the server is told of the Variants that cross, the slowest first", () => {
  const values = (name) => ({ name, kind: "text or numbers", values: "a\nb", run_order: "entry by entry" });
  const slow = node("BatchLoopVariants", { variants: null }, values("slow"));
  const fast = node("BatchLoopVariants", { variants: slow }, values("fast"));
  const iterator = (inputs) => variantsOf(node("BatchLoopDirectoryIterator", inputs));
  assert.equal(iterator({ variants: null }), undefined);
  assert.equal(iterator({}), undefined);
  assert.deepEqual(iterator({ variants: fast }), [values("slow"), values("fast")]);
  assert.equal(iterator({ variants: true }), true);
  assert.equal(iterator({ variants: node("Other") }), true);
  assert.equal(iterator({ variants: node("BatchLoopVariants", { variants: null, values: node("Other") }) }), true);
  const bypassed = node("BatchLoopVariants", { variants: slow }, values("off"), 4);
  assert.deepEqual(iterator({ variants: bypassed }), [values("slow")]);
  assert.equal(iterator({ variants: node("BatchLoopVariants", {}, values("off"), 2) }), undefined);
});

test("entries go down and values across, in both orders", () => {
  const labels = ["ink", "oil"];
  const byEntry = layoutOf({ total: 6, variants: { labels, by_value: false } });
  const byValue = layoutOf({ total: 6, variants: { labels, by_value: true } });
  assert.deepEqual([byEntry.rows, byEntry.indexOf({ row: 2, column: 1 }), byEntry.cellOf(5)], [3, 5, { row: 2, column: 1 }]);
  assert.deepEqual([byValue.rows, byValue.indexOf({ row: 2, column: 0 }), byValue.cellOf(4)], [3, 2, { row: 1, column: 1 }]);
  assert.deepEqual(byEntry.ranges({ first: 1, end: 3 }, { first: 0, end: 2 }), [[2, 6]]);
  assert.deepEqual(byValue.ranges({ first: 1, end: 3 }, { first: 1, end: 2 }), [[1, 3], [4, 6]]);
  assert.deepEqual(byValue.ranges({ first: 0, end: 0 }, { first: 0, end: 2 }), []);
});

test("a batch with gaps is no table", () => {
  const variants = { labels: ["0.2", "0.8"], by_value: false };
  assert.equal(layoutOf({ total: 5, variants }), null);
  assert.equal(layoutOf({ total: 0, variants }), null);
  assert.equal(layoutOf({ total: 6, variants: null }), null);
  const layout = layoutOf({ total: 6, variants });
  assert.deepEqual(
    ["sub/a · 0.8.png", "sub/a · 0.2.png", "a.png"].map((path) => layout.fits(1, { path })),
    [true, false, false],
  );
});

test("an entry is named without its value", () => {
  assert.equal(entryName({ path: "sub/a · 0.2.png" }, "0.2"), "a.png");
  assert.equal(entryName({ path: "x · ink.row", title: "a fox · ink" }, "ink"), "a fox");
});

test("a name that is not connected stays, and is marked", () => {
  const names = ["style"];
  assert.deepEqual(
    ["", "style", "old"].map((value) => labelOf(names, value)),
    ["first Variants", "style", "old (not connected)"],
  );
});
