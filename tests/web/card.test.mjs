import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Actions } from "../../web/lib/card/actions.js";
import { ruleFor } from "../../web/lib/card/collapsed.js";
import { figuresOf, percent, timesOf } from "../../web/lib/figures.js";
import { FolderChooser } from "../../web/lib/card/folder_chooser.js";
import { folderSettings, onSettingChanged } from "../../web/lib/card/folder_settings.js";
import { completeModel, iteratorModel } from "../../web/lib/card/texts_and_buttons.js";
import { drawOnTitle, partsOf } from "../../web/lib/card/title_progress.js";
import { Changes } from "../../web/lib/changes.js";
import { Refused } from "../../web/lib/requests.js";

const STATE = {
  id: "l",
  complete: false,
  next: "go",
  stands: "running",
  seconds: 30,
  remaining: 120,
  per_minute: 4,
  pending: 7,
  running: 1,
  done: 2,
  failed: 0,
  left: 8,
  unpaired: 0,
  total: 10,
  failures: [],
  made_of_all: [],
  current: [{ path: "a/img3.png", index: 2, state: "running", since: 1 }],
  stopped_on: null,
};
const REST = { ...STATE, stands: "paused", running: 0, pending: 8, current: [] };
const FOLDER = { directory: "/in", loop: "l", known: true, total: 10, first: "a.png", last: "j.png" };
const STOPPED = {
  path: "a/img3.png",
  index: 2,
  attempts: 1,
  reason: "out of memory\nTraceback",
  node_id: "5:7",
  node_type: "Upscale",
  unreadable: false,
};

function model(known) {
  const settings = { directory: "in" };
  return iteratorModel({ settings, canChoose: true, folder: null, refusal: null, state: null, ...known });
}

/** The card of a folder without images, and why it has none. */
function nothingThere(nothing, settings = { directory: "in" }, known = {}) {
  const none = { images: 0, folders: 0, kinds: [], ...nothing };
  const folder = { ...FOLDER, total: 0, first: null, last: null, nothing: none };
  return model({ folder, settings, ...known });
}

test("of a headline, only the name of an item may be cut", () => {
  const tried = { path: "sub/b.png", how: "done" };
  const stopped = { ...REST, stands: "stopped", stopped_on: STOPPED };
  const names = [
    model({ folder: FOLDER, tried }),
    model({ folder: FOLDER, tried: { ...tried, how: "running" } }),
    model({ state: stopped }),
    model({ state: STATE }),
    model({ state: REST }),
    model({ folder: FOLDER }),
  ].map(({ headline, name }) => [headline, name]);
  assert.deepEqual(names, [
    ["Tried: b.png", "b.png"],
    ["Trying b.png", "b.png"],
    ["Stopped on img3.png", "img3.png"],
    ["img3.png", "img3.png"],
    ["Paused: 8 images left", ""],
    ["10 images", ""],
  ]);
});

test("a loop that will be forgotten says so in every phase, even before the first run", () => {
  const forgets = "the disk is full";
  const said = "Forgotten when ComfyUI ends, because nothing can be saved in its user folder: the disk is full.";
  const ready = model({ folder: { ...FOLDER, forgets } });
  assert.equal(ready.hint, `Press Run for all images, or try one first. ${said}`);
  for (const state of [STATE, REST, { ...REST, pending: 0, complete: true }]) {
    assert.equal(model({ state: { ...state, forgets } }).hint, said);
    assert.equal(model({ state: { ...state, forgets: "" } }).hint, "");
  }
});

test("the figures come from the server", () => {
  const figures = figuresOf({ ...STATE, done: 3, failed: 1, total: 12 });
  assert.deepEqual(
    [figures.done, figures.failed, figures.left, figures.total],
    [3, 1, 8, 12],
  );
});

test("time left and speed come from the server", () => {
  const { seconds, remaining, perMinute } = figuresOf(STATE);
  assert.deepEqual([seconds, remaining, perMinute], [30, 120, 4]);
});

test("times are texts, and nothing is said of unknown values", () => {
  assert.deepEqual(timesOf(figuresOf(STATE)), {
    taken: "30 s taken",
    remaining: "2 min 0 s to go",
    perMinute: "4 a minute",
  });
  const unknown = timesOf(figuresOf({ ...STATE, remaining: null, per_minute: null }));
  assert.deepEqual([unknown.remaining, unknown.perMinute], ["", ""]);
});

test("a time that rounds to 0 s is left out", () => {
  const short = timesOf({ seconds: 0.44, remaining: 0.2, perMinute: 2045 });
  assert.deepEqual(short, { taken: "", remaining: "", perMinute: "2,045 a minute" });
});

test("a speed has two significant digits", () => {
  const speed = (perMinute) => timesOf({ seconds: 1, remaining: 1, perMinute }).perMinute;
  assert.deepEqual([0.4234, 7.46, 85.7].map(speed), ["0.42 a minute", "7.5 a minute", "86 a minute"]);
});

test("a part of an empty batch is 0 percent", () => {
  assert.deepEqual([percent(1, 4), percent(0, 0)], [25, 0]);
});

test("without a folder, the card asks for one", () => {
  const shown = model({ settings: { directory: "" } });
  assert.deepEqual([shown.phase, shown.headline], ["empty", "No folder yet"]);
  assert.deepEqual([shown.buttons.choose, shown.buttons.startOver, shown.buttons.report], [true, false, false]);
});

test("before a run, the card shows the folder's contents", () => {
  const shown = model({ folder: FOLDER });
  assert.deepEqual(
    [shown.phase, shown.headline, shown.detail, shown.figures],
    ["ready", "10 images", "first: a.png\nlast: j.png", null],
  );
  const one = model({ folder: { ...FOLDER, total: 1 } });
  assert.deepEqual([one.headline, one.detail], ["1 image", "a.png"]);
});

test("a folder without images says why", () => {
  const nothing = (why, images = 0, kinds = [], folders = 0) =>
    model({
      folder: {
        ...FOLDER,
        total: 0,
        first: null,
        last: null,
        nothing: { why, images, folders, kinds },
      },
    });
  const empty = nothing("empty");
  assert.deepEqual([empty.phase, empty.headline], ["none", "No image"]);
  assert.equal(empty.detail, "The folder is empty.");
  const kinds = [
    { kind: ".CR2", count: 12 },
    { kind: ".xmp", count: 3 },
  ];
  assert.equal(nothing("other", 0, kinds).detail, "The folder holds other files: .CR2 (12), .xmp (3). Raw photographs cannot be read: convert them to TIFF or JPEG first.");
  assert.match(nothing("filter", 5).detail, /^The folder holds 5 images, but the filter/);
  assert.match(nothing("filter", 1).detail, /^The folder holds 1 image, but the filter/);
  assert.match(nothing("range", 5).detail, /start_index leaves them all out/);
  assert.match(nothing("subfolders", 5).detail, /switch recursive on/);
  assert.match(nothing("folders", 0, [], 1).detail, /no files, only 1 folder: switch recursive on/);
  assert.match(nothing("folders", 0, [], 5).detail, /no files, only 5 folders: switch recursive on/);
  assert.match(nothing("results", 5).detail, /only results of this batch: 5 images/);
});

test("a refused folder shows what is wrong, and the server's message", () => {
  const shown = model({ refusal: new Refused("Add a line.", 403) });
  assert.deepEqual(
    [shown.phase, shown.tone, shown.headline, shown.detail],
    ["refused", "error", "This folder is not allowed yet", "Add a line."],
  );
  assert.equal(model({ refusal: new Refused("no", 400) }).headline, "This folder cannot be used");
});

test("files that people take for images come with advice", () => {
  const detailOf = (kind) => nothingThere({ why: "other", kinds: [{ kind, count: 4 }] }).detail;
  for (const kind of [".CR2", ".cr3", ".NEF", ".ARW", ".dng", ".RAF", ".ORF", ".RW2"]) {
    assert.match(detailOf(kind), /Raw photographs cannot be read: convert them to TIFF or JPEG first\.$/);
  }
  assert.match(detailOf(".HEIC"), /HEIC photographs cannot be read/);
  assert.match(detailOf(".mp4"), /Only images are taken, not videos\.$/);
  assert.match(detailOf(".txt"), /: \.txt \(4\)\.$/);
});

test("a pattern that no file matches is quoted, and one that lacks its asterisk is mended", () => {
  const detailOf = (custom_pattern, why = "filter") =>
    nothingThere({ why, images: 3 }, { directory: "in", filter: "Custom", custom_pattern }).detail;
  assert.match(detailOf("jpg"), /^No file matches “jpg”\. Did you mean \*\.jpg\? The folder holds 3 images/);
  assert.match(detailOf(".JPG, !a*"), /^No file matches “\.JPG, !a\*”\. Did you mean \*\.JPG, !a\*\?/);
  for (const pattern of ["[", "*.jpgg"]) {
    assert.ok(detailOf(pattern).startsWith(`No file matches “${pattern}”. The folder holds`));
  }
  assert.doesNotMatch(detailOf("jpg", "empty"), /No file matches/);
});

test("without a pattern, it is the pattern that is missing, not the folder", () => {
  const refusal = new Refused("The filter is Custom", 400);
  for (const custom_pattern of ["", " , ", "!", undefined]) {
    const settings = { directory: "in", filter: "Custom", custom_pattern };
    const shown = model({ settings, refusal });
    assert.deepEqual([shown.phase, shown.headline, shown.tone], ["pattern", "No pattern yet", "plain"]);
    assert.deepEqual([shown.buttons.canRun, shown.buttons.primary], [false, null]);
  }
  const settings = { directory: "in", filter: "Custom", custom_pattern: "!a*" };
  assert.equal(model({ settings, folder: FOLDER }).phase, "ready");
});

test("where another folder is what helps, Choose folder is what to do, and nothing can run", () => {
  const of = (why, known) => nothingThere({ why, images: 1 }, undefined, known).buttons;
  for (const why of ["empty", "other"]) {
    assert.deepEqual([of(why).canRun, of(why).tries, of(why).primary], [false, null, "choose"]);
  }
  assert.deepEqual([of("filter").canRun, of("filter").primary], [false, null]);
  // A watched folder may well be empty at first.
  assert.deepEqual([of("empty", { awaits: true }).canRun, of("empty", { awaits: true }).primary], [true, "run"]);
  assert.equal(model({ settings: { directory: "" } }).buttons.primary, "choose");
});

test("on a complete batch, Start over is what to do, unless Run does something", () => {
  const state = { ...REST, done: 10, left: 0, pending: 0, complete: true, next: "stop" };
  const primary = (known) => model({ state, folder: FOLDER, ...known }).buttons.primary;
  assert.equal(primary({}), "startOver");
  assert.equal(primary({ folder: { ...FOLDER, total: 12 } }), "run");
  assert.equal(primary({ repeats: true }), "run");
  assert.equal(primary({ goesOn: true }), "run");
  assert.equal(primary({ state: REST }), "run");
});

test("on a complete batch with failed images, Retry failed is what to do", () => {
  const state = { ...REST, done: 8, failed: 2, left: 0, pending: 0, complete: true, next: "stop" };
  const primary = (known) => model({ state, folder: FOLDER, ...known }).buttons.primary;
  assert.equal(primary({}), "retry");
  assert.equal(primary({ repeats: true }), "run");
  assert.equal(primary({ goesOn: true }), "run");
  assert.equal(primary({ state: { ...REST, failed: 2 } }), "run");
});

test("once paused, it says so instead of showing the last image", () => {
  const [last] = STATE.current;
  const between = { ...STATE, current: [], left: 4 };
  const shown = model({ folder: FOLDER, state: between, last, isPaused: true });
  assert.deepEqual([shown.phase, shown.headline, shown.image], ["paused", "Paused: 4 images left", null]);
  assert.equal(model({ folder: FOLDER, state: STATE, last, isPaused: true }).headline, "img3.png");
});

test("an image that is tried is named, while it runs and afterwards", () => {
  const shown = (how, known) => model({ folder: FOLDER, tried: { path: "a/b.png", how }, ...known });
  const saying = ({ phase, headline, detail }) => [phase, headline, detail];
  assert.deepEqual(saying(shown("running")), ["trying", "Trying b.png", "Nothing is counted or kept."]);
  const [phase, headline, detail] = saying(shown("done"));
  assert.deepEqual([phase, headline], ["tried", "Tried: b.png"]);
  assert.match(detail, /^Nothing was counted or kept\. The result is on the nodes/);
  assert.deepEqual([shown("failed").headline, shown("failed").tone], ["The trial of b.png failed", "error"]);
  assert.deepEqual([shown("done").buttons.canRun, shown("done").buttons.tries], [true, ""]);
  // It hides nothing that matters more.
  assert.equal(shown("done", { state: STATE }).headline, "img3.png");
  assert.equal(shown("done", { goesOn: true }).phase, "ready");
  assert.equal(shown("done", { state: { ...REST, stopped_on: STOPPED } }).phase, "stopped");
});

test("the last image of a batch, which counts as done already, is said to be saved until it is", () => {
  const current = [{ ...STATE.current[0], state: "finishing" }];
  const state = { ...STATE, current, running: 0, finishing: 1 };
  const detail = (/** @type {object} */ given) => model({ state: { ...state, ...given }, goesOn: true }).detail;
  assert.equal(detail({ done: 10, left: 0 }), "Being saved");
  assert.equal(detail({ done: 3, left: 7 }), "Image 3 of 10");
  assert.equal(detail({ done: 9, left: 1, current: [...current, STATE.current[0]] }), "Image 3 of 10");
});

test("a run that has stopped says on which image, also while the one before is being saved", () => {
  const [first] = STATE.current;
  const shown = (/** @type {"running" | "finishing"} */ state) =>
    model({ state: { ...REST, stopped_on: STOPPED, current: [{ ...first, state }] } });
  assert.deepEqual([shown("finishing").phase, shown("finishing").title], ["stopped", model({ state: { ...REST, stopped_on: STOPPED } }).title]);
  // Another server, or another tab, has gone on.
  assert.equal(shown("running").phase, "running");
});

test("a folder that goes in the middle of its batch is said to be gone, and Continue stays", () => {
  const refusal = new Refused("The folder does not exist.", 400, "folder_not_found");
  const shown = model({ refusal, state: REST });
  assert.deepEqual([shown.phase, shown.headline, shown.tone], ["gone", "The folder is gone", "error"]);
  assert.equal(shown.detail, "2 of 10 done. Put the folder back, then press Continue.");
  assert.deepEqual([shown.buttons.run, shown.buttons.canRun, shown.buttons.primary], ["continue", true, "run"]);
  assert.equal(model({ refusal, state: REST, isKnown: false }).phase, "refused");
  // Another setting that the server refuses says nothing of the folder.
  assert.equal(model({ refusal: new Refused("Bad pattern.", 400), state: REST }).phase, "refused");
});

test("a refused folder comes before what is left of its batch, but not before an image in progress", () => {
  const refusal = new Refused("This folder may not be used.", 403);
  const [last] = STATE.current;
  for (const rest of [{ state: REST, last }, { state: REST }, { state: { ...REST, stopped_on: STOPPED } }]) {
    assert.deepEqual(
      [model({ refusal, ...rest }).phase, model({ refusal, ...rest }).detail],
      ["refused", "This folder may not be used."],
    );
  }
  assert.equal(model({ refusal, state: STATE }).headline, "img3.png");
});

test("an image in progress is shown with its number and its picture", () => {
  const shown = model({ folder: FOLDER, state: STATE });
  assert.deepEqual(
    [shown.phase, shown.headline, shown.detail, shown.image?.path],
    ["running", "img3.png", "Image 3 of 10", "a/img3.png"],
  );
  assert.deepEqual([shown.buttons.startOver, shown.buttons.report], [true, true]);
});

test("between two images, the last one is still shown", () => {
  const [last] = STATE.current;
  assert.equal(model({ folder: FOLDER, state: REST, last }).headline, "img3.png");
  assert.equal(model({ folder: FOLDER, state: REST }).headline, "Paused: 8 images left");
  const one = model({ folder: FOLDER, state: { ...REST, left: 1 } });
  assert.deepEqual([one.headline, one.detail], ["Paused: 1 image left", "Press Continue to go on."]);
});

test("a stopped batch shows the first line of the reason and how to go on", () => {
  const shown = model({ folder: FOLDER, state: { ...REST, stopped_on: STOPPED } });
  assert.deepEqual(
    [shown.phase, shown.tone, shown.headline, shown.detail, shown.image?.path],
    ["stopped", "error", "Stopped on img3.png", "out of memory", "a/img3.png"],
  );
  assert.equal(shown.buttons.skip.path, "a/img3.png");
});

test("an unreadable file has no picture", () => {
  const stopped_on = { ...STOPPED, node_id: null, node_type: null, unreadable: true };
  assert.equal(model({ state: { ...REST, stopped_on } }).image, null);
});

test("a complete batch, with and without failures", () => {
  const complete = { ...REST, pending: 0, done: 10, complete: true };
  assert.deepEqual(
    [model({ state: complete, folder: FOLDER }).headline, model({ state: complete }).tone],
    ["All 10 images done", "good"],
  );
  const failed = model({ state: { ...complete, done: 8, failed: 2 } });
  assert.deepEqual([failed.headline, failed.buttons.retry], ["Complete: 8 done, 2 failed", 2]);
});

test("a batch that was started over shows the folder's contents", () => {
  const state = { ...REST, pending: 10, done: 0 };
  assert.equal(model({ folder: FOLDER, state }).headline, "10 images");
});

test("settings that select more or fewer images than the batch has are pointed out", () => {
  const shown = model({ folder: { ...FOLDER, total: 4 }, state: REST });
  assert.equal(shown.detail, "Under these settings now: 4 images.");
});

test("what skip_finished has left out of a batch is no change", () => {
  const figures = { pending: 0, left: 0, done: 2, failed: 1, total: 3, finished: 7 };
  const complete = { ...REST, ...figures, complete: true, next: "stop" };
  const detail = (known) => model({ folder: FOLDER, state: complete, skips: true, ...known }).detail;
  const over = "7 finished before\nThe batch is complete.";
  assert.deepEqual([detail({}), detail({ repeats: true })], [over, over]);
  assert.equal(detail({ folder: { ...FOLDER, total: 11 } }), "Under these settings now: 11 images.");
  assert.equal(detail({ skips: false }), "Under these settings now: 10 images.");
  const paused = { ...complete, complete: false, next: "go", left: 1, done: 1 };
  assert.doesNotMatch(detail({ state: paused }), /settings now/);
});

test("what was done and has gone since is no change, if Run does nothing", () => {
  const complete = { ...REST, pending: 0, left: 0, done: 10, complete: true, next: "stop" };
  const folder = { ...FOLDER, total: 9, same: true };
  const shown = (known) => model({ folder, state: complete, ...known });
  const now = "Under these settings now: 9 images.";
  assert.equal(shown({}).detail, "The batch is complete.");
  assert.equal(shown({}).buttons.primary, "startOver");
  assert.equal(shown({ repeats: true }).detail, now);
  assert.equal(shown({ folder: { ...folder, same: false } }).detail, now);
  assert.equal(shown({ folder: { ...folder, total: 11 } }).detail, "Under these settings now: 11 images.");
  assert.equal(shown({ state: REST }).detail, now);
});

test("a folder from another node is not guessed at", () => {
  const shown = model({ settings: null, canChoose: false });
  assert.deepEqual([shown.phase, shown.headline], ["unknown", "The folder comes from another node"]);
  assert.deepEqual([shown.buttons.choose, shown.buttons.startOver], [false, true]);
  assert.equal(model({ settings: null, canChoose: false, state: STATE }).phase, "running");
});

test("Batch Complete shows the tally and the failures", () => {
  assert.deepEqual(completeModel(null).headline, "Nothing has run yet");
  const failures = [{ ...STOPPED, path: "b.png" }];
  const shown = completeModel({ ...STATE, failed: 3, total: 13, failures });
  assert.deepEqual([shown.headline, shown.failures, shown.more], ["5 of 13 finished", failures, 2]);
});

function iterator(values, linked = []) {
  const widgets = Object.entries(values).map(([name, value]) => ({ name, value }));
  const inputs = widgets.map(({ name }) => ({ name }));
  const isInputConnected = (slot) => linked.includes(inputs[slot].name);
  const selects = [{}, { selects_images: true }];
  const required = { directory: selects, limit: selects, max_attempts: ["INT", {}], any: ["*"] };
  const constructor = { nodeData: { input: { required } } };
  return { widgets, inputs, isInputConnected, constructor };
}

test("only settings that decide about a folder's images are asked about", () => {
  const node = iterator({ directory: "in", limit: 3, error_handling: "Stop on error" });
  assert.deepEqual(folderSettings(node), { directory: "in", limit: 3 });
  assert.equal(folderSettings(iterator({ directory: "in", limit: 3 }, ["limit"])), null);
  assert.notEqual(folderSettings(iterator({ directory: "", max_attempts: 1 }, ["max_attempts"])), null);
});

test("what is typed into companion nodes is asked about with the folder", () => {
  const node = { ...iterator({ directory: "in" }), comfyClass: "BatchLoopDirectoryIterator" };
  const other = { comfyClass: "BatchLoopDirectoryIterator", inputs: [] };
  const companion = (kind, given = {}) => ({
    comfyClass: `BatchLoopCompanion${kind}`,
    mode: 0,
    inputs: [{ name: "loop" }, { name: "pattern" }],
    outputs: [{ links: [] }, { links: [7] }],
    widgets: [
      { name: "pattern", value: "{stem}.x" },
      { name: "when_missing", value: "Fail" },
    ],
    isInputConnected: (slot) => slot === 0,
    getInputNode: () => node,
    ...given,
  });
  const asked = (...nodes) => {
    node.graph = { nodes: [node, other, ...nodes] };
    for (const each of nodes) each.graph = node.graph;
    return folderSettings(node).companions;
  };
  const found = (kind) => ({ pattern: "{stem}.x", when_missing: "Fail", kind });
  assert.deepEqual(asked(companion("Image"), companion("Text")), [found("image"), found("text")]);
  assert.equal(
    asked(
      companion("Image", { mode: 4 }),
      companion("Image", { outputs: [{ links: null }] }),
      companion("Image", { isInputConnected: () => true }),
      companion("Image", { getInputNode: () => other }),
    ),
    undefined,
  );
});

test("a change of those settings is noticed, and ComfyUI's callback still runs", () => {
  const node = iterator({ directory: "in", max_attempts: 1 });
  const [directory, attempts] = node.widgets;
  const heard = [];
  directory.callback = (value) => heard.push(value);
  onSettingChanged(node, () => heard.push("changed"));
  directory.callback("out");
  assert.deepEqual(heard, ["out", "changed"]);
  assert.equal(attempts.callback, undefined);
});

test("the parts of a node's bar are side by side", () => {
  const figures = { done: 5, failed: 1, left: 4, total: 10 };
  assert.deepEqual(partsOf(figures, 200), [["done", 0, 100], ["failed", 100, 20], ["left", 120, 80]]);
  assert.deepEqual(partsOf({ done: 0, failed: 0, left: 0, total: 0 }, 200), []);
});

test("the bar is drawn only if the card is not visible", (t) => {
  globalThis.document = { body: null };
  globalThis.getComputedStyle = () => ({ getPropertyValue: () => "green" });
  t.after(() => {
    delete globalThis.document;
    delete globalThis.getComputedStyle;
  });
  let drawn = 0;
  const context = new Proxy({}, { get: () => () => {}, set: () => true });
  const figures = { done: 1, failed: 0, left: 0, total: 1 };
  const node = { flags: {}, size: [200, 100], onDrawForeground: () => (drawn += 10) };
  drawOnTitle(node, () => {
    drawn += 1;
    return figures;
  });
  node.onDrawForeground(context, { low_quality: false, ds: { scale: 1 } });
  assert.equal(drawn, 10);
  node.onDrawForeground(context, { low_quality: true, ds: { scale: 0.2 } });
  node.flags.collapsed = true;
  node.onDrawForeground(context, { low_quality: false, ds: { scale: 1 } });
  assert.equal(drawn, 32);
});

test("in Nodes 2.0 a style rule draws a collapsed node's bar, whatever its id", () => {
  const rule = ruleFor({ id: 'a"b', figures: { done: 2, failed: 1, total: 4 } });
  assert.match(rule, /\[data-node-id="a\\"b"\]/);
  assert.match(rule, /-done\) 0 50%, var\(--batch-loop-failed\) 50% 75%, var\(--\S+-left\) 75%/);
});

function choosing({ chooser, choose, last = null }) {
  const asked = [];
  const lastPlace = { get: () => last, set: (folder) => (last = folder) };
  const server = {
    chooser: async () => chooser,
    async choose(start) {
      asked.push(start);
      return choose();
    },
  };
  const openBrowser = async ({ starts }) => {
    asked.push("browser", ...starts);
    return { written: "/allowed/b", place: "/allowed" };
  };
  const node = iterator({ directory: "in" });
  const written = [];
  node.widgets[0].callback = (value) => written.push(value);
  const folderChooser = new FolderChooser({ app: {}, server, openBrowser, lastPlace });
  const run = (meanwhile, isWanted) => folderChooser.choose({ node, directory: "/in" }, { meanwhile, isWanted });
  return { asked, written, node, run, last: () => last };
}

test("a folder is chosen in the operating system's dialog if there is one", async () => {
  const choice = choosing({ chooser: { dialog: true }, choose: () => ({ directory: "/in/photos", written: "photos" }) });
  await choice.run();
  assert.deepEqual([choice.asked, choice.written], [["/in"], ["photos"]]);
  assert.equal(choice.node.widgets[0].value, "photos");
});

test("whoever has only the example images begins in ComfyUI's input folder", async () => {
  const choice = choosing({ chooser: { dialog: true }, choose: () => ({ directory: "/photos", parent: "/" }) });
  choice.node.widgets[0].value = "batch-loop/examples/images";
  await choice.run();
  assert.deepEqual(choice.asked, ["."]);
});

test("whoever has no folder yet begins beside the one that was chosen last", async () => {
  const choice = choosing({ chooser: { dialog: false }, last: "/photos" });
  choice.node.widgets[0].value = "batch-loop/examples/images";
  await choice.run();
  assert.deepEqual([choice.asked, choice.last()], [["browser", null, "/photos"], "/allowed"]);
  const other = choosing({ chooser: { dialog: true }, choose: () => ({ directory: "/new/may", parent: "/new" }), last: "/photos" });
  other.node.widgets[0].value = "batch-loop/examples/images";
  await other.run();
  assert.deepEqual([other.asked, other.last()], [["/photos"], "/new"]);
});

test("choosing a folder that contains ComfyUI gives a warning", async () => {
  const chosen = { directory: "/workspace", written: "/workspace", holds_comfyui: true };
  const choice = choosing({ chooser: { dialog: true }, choose: () => chosen });
  assert.match(await choice.run(), /This folder contains ComfyUI itself/);
  assert.deepEqual(choice.written, ["/workspace"]);
  chosen.holds_comfyui = false;
  assert.equal(await choice.run(), "");
  const { of, shown } = acting({ warning: "beware" });
  await of({ choose: () => {} }).choose();
  assert.deepEqual(shown, [["warn", "beware"]]);
});

test("a dialog that was cancelled changes nothing", async () => {
  const choice = choosing({ chooser: { dialog: true }, choose: () => ({ directory: null, written: "" }) });
  await choice.run();
  assert.deepEqual([choice.written, choice.node.widgets[0].value], [[], "in"]);
});

test("a choice that the user no longer waits for changes nothing", async () => {
  const choice = choosing({ chooser: { dialog: true }, choose: () => ({ directory: "/photos", written: "/photos" }) });
  assert.equal(await choice.run(async () => null), "");
  assert.deepEqual([choice.asked, choice.written], [["/in"], []]);
  await choice.run((chosen) => chosen);
  assert.deepEqual(choice.written, ["/photos"]);
});

test("another folder than before is only taken if it is still wanted then", async () => {
  const chosen = { directory: "/photos", written: "/photos" };
  const choice = choosing({ chooser: { dialog: true }, choose: () => chosen });
  let asked = 0;
  const never = async () => Boolean((asked += 1)) && false;
  await choice.run(undefined, never);
  assert.deepEqual([asked, choice.node.widgets[0].value], [1, "in"]);
  // The same folder is no other one, however it is written.
  chosen.directory = "/in";
  await choice.run(undefined, never);
  assert.deepEqual([asked, choice.node.widgets[0].value], [1, "/photos"]);
  chosen.written = "";
  await choice.run(undefined, never);
  assert.equal(asked, 1);
  const browsed = choosing({ chooser: { dialog: false } });
  await browsed.run(undefined, never);
  assert.deepEqual([asked, browsed.written], [2, []]);
});

test("while a batch waits for new images, another folder ends that, without a question", async () => {
  const state = { directory: "/in", title: "", name: "", done: 3, failed: 0, total: 3 };
  const { asked, of, wanted } = acting({ goesOn: true, awaits: true, isSure: false });
  await of({ state, choose: () => {} }).choose();
  assert.deepEqual([wanted, asked[0]], [[true], ["pause", "l"]]);
});

test("while a batch runs, it is asked first whether another folder is to be taken", async () => {
  const state = { directory: "/in", title: "Upscale", name: "", done: 3, failed: 1, total: 10 };
  const choose = () => {};
  for (const isSure of [false, true]) {
    const { asked, of, wanted } = acting({ goesOn: true, isSure });
    await of({ state, choose }).choose();
    assert.equal(wanted.at(-1), isSure);
    assert.match(asked[0], /^\/in\nUpscale\nThe batch of this folder is running: 4 of 10 finished\. It stops/);
  }
  for (const [goesOn, known] of [
    [false, state],
    [true, null],
  ]) {
    const { asked, of, wanted } = acting({ goesOn, isSure: false });
    await of({ state: known, choose }).choose();
    assert.deepEqual([asked, wanted], [[], [true]]);
  }
});

test("without a dialog, a folder is chosen from those allowed", async () => {
  const choice = choosing({ chooser: { dialog: false } });
  await choice.run();
  assert.deepEqual([choice.asked, choice.written], [["browser", "/in", null], ["/allowed/b"]]);
  const refused = () => {
    throw new Refused("none here", 501);
  };
  const without = choosing({ chooser: { dialog: true }, choose: refused });
  await without.run();
  assert.deepEqual(without.asked, ["/in", "browser", "/in", null]);
});

test("if a dialog is already open, no other window opens instead", async () => {
  const busy = () => {
    throw new Refused("one is open", 409);
  };
  await assert.rejects(choosing({ chooser: { dialog: true }, choose: busy }).run(), /one is open/);
});

function acting(answers = {}) {
  const asked = [];
  const answer = (name) => async (...args) => {
    asked.push([name, ...args]);
    if (answers[name] instanceof Error) throw answers[name];
    return { id: "l", directory: "/in", undo_until: null, ...answers[name] };
  };
  const server = {
    reset: answer("reset"),
    undoReset: answer("undo"),
    retry: answer("retry"),
    forget: answer("forget"),
    skip: answer("skip"),
    timeTo: (until) => until - 40,
  };
  const offers = [];
  const hidden = [];
  const notices = {
    show: (_key, _said, offer) => offers.push(offer),
    hide: (key) => hidden.push(["notice", key]),
  };
  const ask = async (question) => {
    asked.push(question.message);
    return answers.isSure ?? true;
  };
  const shown = [];
  const toasts = {
    show: (_key, { severity, detail }) => shown.push([severity, detail]),
    hide: (key) => hidden.push(["toast", key]),
  };
  const screen = { find: (id) => (id === "7" ? "seven" : null), goTo: (node) => asked.push(node) };
  const wanted = [];
  const chooser = {
    async choose(_entry, { isWanted }) {
      wanted.push(await isWanted());
      return answers.warning;
    },
  };
  const changed = () => asked.push("changed");
  const goesOn = () => answers.goesOn ?? false;
  const skips = () => answers.skips ?? null;
  const awaits = () => answers.awaits ?? false;
  const pause = async (loop) => asked.push(["pause", loop]);
  const changing = new Changes({ server, toasts, notices, ask, changed, goesOn, skips });
  const runControl = { awaits, goesOn, pause };
  const actions = new Actions({ ask, changes: changing, toasts, screen, chooser, runControl });
  let changes = 0;
  const entry = { node: iterator({ directory: "in", loop_name: "" }), loop: "l" };
  const of = (changed) => actions.of({ ...entry, ...changed }, () => (changes += 1));
  return { actions, asked, changing, hidden, of, offers, shown, wanted, changes: () => changes };
}

const START_OVER = { buttons: { undo: false } };

test("each button asks the server, reports the result, and updates the card", async () => {
  const { asked, of, shown, changes } = acting();
  await of().startOver(START_OVER);
  await of().retry();
  await of().skip({ buttons: { skip: STOPPED } });
  assert.deepEqual(asked, [
    ["reset", { directory: "in", loop_name: "" }],
    ["retry", { loop: "l" }],
    ["skip", "l", "a/img3.png"],
  ]);
  assert.deepEqual(shown.map(([severity]) => severity), ["success", "success", "success"]);
  assert.equal(changes(), 3);
});

test("while a change is under way, the same one is not asked for again", async () => {
  const { asked, changing, shown } = acting();
  const twice = [changing.skip("l", { path: "a.png" }), changing.skip("l", { path: "a.png" })];
  assert.deepEqual(await Promise.all([...twice, changing.skip("other", { path: "a.png" })]), [true, false, true]);
  assert.deepEqual(asked.map(([, loop]) => loop), ["l", "other"]);
  assert.deepEqual(shown.map(([severity]) => severity), ["success", "success"]);
  assert.equal(await changing.skip("l", { path: "a.png" }), true);
});

test("after a refusal, the same change can be asked for again", async () => {
  const { asked, changing } = acting({ retry: new Refused("no", 409) });
  assert.equal(await changing.retry("l"), false);
  await changing.retry("l");
  assert.equal(asked.length, 2);
});

test("Forget removes what is still said of the batch; a refused one does not", async () => {
  const loop = { id: "l", directory: "/in", paired: [], done: 5, failed: 0 };
  const { changing, hidden } = acting();
  assert.equal(await changing.forget(loop), true);
  assert.deepEqual(hidden, [["notice", "l"], ["toast", "l"]]);
  const refused = acting({ forget: new Refused("it runs", 409) });
  assert.equal(await refused.changing.forget(loop), false);
  assert.deepEqual(refused.hidden, []);
});

test("what a change has done names the button to press, unless the batch goes on by itself", async () => {
  const retry = (changing) => changing.retry("l");
  const startOver = (changing) => changing.startOver({ loop: "l" }, null);
  const skip = (changing) => changing.skip("l", { path: "a.png" });
  for (const [change, given, how] of [
    [retry, { done: 3 }, "/in\nPress Continue to retry the failed images."],
    [retry, { done: 0 }, "/in\nPress Run to retry the failed images."],
    [retry, { done: 3, goesOn: true }, "/in"],
    [startOver, { done: 0 }, "/in\nPress Run to begin with the first image."],
    [startOver, { done: 0, skips: true }, "/in\nPress Run to run what has no result."],
    [startOver, { done: 0, goesOn: true }, "/in"],
    [skip, { done: 3 }, "a.png is given up. Press Continue to go on with the one after it."],
    [skip, { done: 3, goesOn: true }, "a.png is given up."],
    [skip, { done: 3, complete: true, next: "stop" }, "a.png is given up."],
    [skip, { complete: true, next: "watch" }, "a.png is given up. Press Continue to go on with the one after it."],
  ]) {
    const { goesOn = false, skips = false, ...changed } = given;
    const state = { ...REST, undo_until: null, ...changed, directory: "/in" };
    const { changing, shown } = acting({ goesOn, skips, retry: state, reset: state, skip: state });
    await change(changing);
    assert.deepEqual(shown, [["success", how]]);
  }
});

test("what a change says to press is gone once that batch goes on, and nothing else is", async () => {
  const state = { ...REST, id: "l", done: 3, directory: "/in" };
  const answers = { retry: state, skip: { ...state, id: "other" } };
  const { changing, hidden } = acting(answers);
  await changing.retry("l");
  await changing.skip("other", { path: "a.png" });
  changing.wentOn("l");
  changing.wentOn("l");
  assert.deepEqual(hidden, [["toast", "retry"]]);
  changing.wentOn("other");
  assert.deepEqual(hidden.slice(1), [["toast", "skip"]]);
  await changing.retry("l");
  answers.retry = new Refused("no", 409);
  await changing.retry("l");
  changing.wentOn("l");
  assert.equal(hidden.length, 2);
});

test("a refusal shows the server's message and what to do next", async () => {
  const { of, shown } = acting({ reset: new Refused("no", 404), retry: new Error("away") });
  await of().startOver(START_OVER);
  await of().retry();
  assert.deepEqual(shown, [
    ["warn", "no\nRun the workflow once, then try again."],
    ["error", "away\nCheck whether ComfyUI is still running, then try again."],
  ]);
});

test("with a linked folder and no run yet, Start over asks for a run", async () => {
  const { asked, of, shown } = acting();
  await of({ node: iterator({ directory: "in" }, ["directory"]), loop: null }).startOver(START_OVER);
  assert.deepEqual([asked, shown[0][0]], [[], "info"]);
  assert.match(shown[0][1], /Run the workflow once first/);
});

test("a failure leads to its node, an unreadable file to the iterator", () => {
  const { actions, asked, shown } = acting();
  actions.goTo({ node_id: "7", unreadable: false }, "iterator");
  actions.goTo({ node_id: null, unreadable: true }, "iterator");
  actions.goTo({ node_id: "8", unreadable: false }, "iterator");
  assert.deepEqual(asked, ["seven", "iterator"]);
  assert.equal(shown.length, 1);
});

test("Start over asks first where something was done", async () => {
  const state = { done: 3, failed: 1, directory: "/in", title: "Upscale", name: "mine" };
  for (const isSure of [false, true]) {
    const { asked, of } = acting({ isSure });
    await of({ state }).startOver(START_OVER);
    assert.match(asked[0], /^\/in\nUpscale · mine\n3 done, 1 failed\. All of it/);
    assert.match(asked[0], /new result replaces the earlier one of its name, unless if_exists is skip or rename\./);
    assert.equal(asked.length, isSure ? 2 : 1);
  }
  const { asked, of } = acting();
  await of({ state: { ...state, done: 0, failed: 0 } }).startOver(START_OVER);
  assert.deepEqual(asked.map(([what]) => what), ["reset"]);
});

test("Start over says that only what has no result is run, where skip_finished is on", async () => {
  const state = { id: "l", done: 3, failed: 1, finished: 0, directory: "/in", title: "", name: "" };
  const told = async (skips, finished) => {
    const { asked, of } = acting({ isSure: false, skips });
    await of({ state: { ...state, finished } }).startOver(START_OVER);
    return asked[0];
  };
  const only = /^\/in\n3 done, 1 failed\. Only what has no result will be run, as skip_finished is on\./;
  assert.match(await told(true, 0), only);
  assert.match(await told(null, 7), only); // its workflow is not on the screen
  for (const [skips, finished] of [[false, 7], [null, 0]]) assert.match(await told(skips, finished), /All of it/);
  const folder = { ...FOLDER, total: 3 };
  const hint = (skips) => model({ folder, skips }).hint;
  assert.equal(hint(true), "Press Run for all that have no result, or try one first.");
  assert.equal(hint(false), "Press Run for all images, or try one first.");
});

test("Forget asks first, and says which batch and what is paired with it", async () => {
  const loop = { id: "l", directory: "/in", title: "Upscale", name: "", done: 3, failed: 1 };
  const sure = "3 done, 1 failed. This, and why anything failed, will be forgotten. This cannot be undone.";
  for (const isSure of [false, true]) {
    const { asked, changing } = acting({ isSure });
    assert.equal(await changing.forget({ ...loop, paired: [] }), isSure);
    assert.equal(asked[0], `/in\nUpscale\n${sure} No file is deleted.`);
    assert.deepEqual(asked.slice(1), isSure ? [["forget", "l"]] : []);
  }
  const { asked, changing } = acting();
  await changing.forget({ ...loop, title: "", paired: ["/masks"] });
  assert.match(asked[0], /^\/in\n3 done.*\nForgotten with it, as they are paired: \/masks\.$/);
});

test("Start over is offered to be undone, in the notice and by the same button", async () => {
  const { asked, of, offers, shown } = acting({ reset: { undo_until: 100 } });
  await of().startOver(START_OVER);
  assert.deepEqual(shown, []);
  assert.equal(offers[0].life, 60);
  await offers[0].act();
  assert.deepEqual(asked.slice(1), [["undo", "l"], "changed"]);
  await of().startOver({ buttons: { undo: true } });
  assert.deepEqual(asked.slice(3), [["undo", "l"]]);
  const started = { ...REST, done: 0, failed: 0, pending: 10, left: 10, undo_until: 1 };
  assert.equal(model({ state: started, folder: FOLDER }).buttons.undo, true);
  assert.equal(model({ state: { ...started, done: 1 }, folder: FOLDER }).buttons.undo, false);
});

test("Run says what it does in the state that the page and the server are in", () => {
  const run = (state, known) => model({ state, folder: FOLDER, ...known }).buttons.run;
  const complete = { ...REST, done: 10, left: 0, pending: 0, complete: true, next: "stop" };
  assert.equal(run(null), "run");
  assert.equal(run(REST), "continue");
  assert.equal(run({ ...REST, done: 0, stopped_on: STOPPED }), "continue");
  assert.equal(run(STATE, { goesOn: true }), "pause");
  assert.equal(run(complete), "run");
  assert.equal(run({ ...complete, next: "watch" }), "continue");
});

test("the image that is tried is the first, or the one that the batch has stopped on", () => {
  const tries = (known) => model({ folder: FOLDER, ...known }).buttons.tries;
  assert.equal(tries({}), "");
  assert.equal(tries({ state: { ...REST, stopped_on: STOPPED } }), STOPPED.path);
  assert.equal(tries({ state: STATE, goesOn: true }), null);
  assert.equal(tries({ settings: { directory: "" }, folder: null }), null);
});

test("a watched batch is never called complete", () => {
  const state = { ...REST, done: 10, left: 0, pending: 0, complete: true, next: "watch" };
  const shown = model({ state, folder: FOLDER, watching: true });
  assert.deepEqual([shown.headline, shown.detail], ["Done so far: 10", "Waiting for new images."]);
  const stopped = model({ state, folder: FOLDER });
  assert.equal(stopped.detail, "Press Continue to wait for new images.");
  assert.equal(completeModel({ ...state, failed: 2 }).headline, "Done so far: 10, failed: 2");
});

test("a batch that goes on, and waits in ComfyUI's queue, does not say that it is paused", () => {
  const waits = (known, place) => {
    const { phase, headline, detail, buttons } = model({ folder: FOLDER, goesOn: true, place, ...known });
    return [phase, headline, detail, buttons.run];
  };
  const second = { before: 1, isNew: false };
  const said = ["queued", "Waiting in ComfyUI's queue", "1 other run comes first.", "pause"];
  assert.deepEqual(waits({ state: REST }, second), said);
  assert.deepEqual(waits({ state: null }, second), said);
  assert.deepEqual(waits({ state: { ...REST, stands: "stopped", stopped_on: STOPPED } }, second), said);
  const next = ["queued", "Next in ComfyUI's queue", "It goes on by itself.", "pause"];
  assert.deepEqual(waits({ state: REST }, { before: 0, isNew: false }), next);
  assert.equal(waits({ state: STATE }, second)[0], "running");
  assert.equal(waits({ state: REST, goesOn: false }, null)[0], "paused");
});

test("a batch that goes on after a stop on its first image is not shown as stopped", () => {
  const state = { ...REST, done: 0, pending: 10, left: 10, stands: "stopped", stopped_on: STOPPED };
  const said = (known) => {
    const { phase, tone, headline, image } = model({ folder: FOLDER, goesOn: true, state, ...known });
    return [phase, tone, headline, image];
  };
  const waits = ["queued", "plain", "Waiting in ComfyUI's queue", null];
  assert.deepEqual(said({ place: { before: 2, isNew: true } }), waits);
  const next = { before: 0, isNew: true };
  assert.deepEqual(said({ place: next }), ["queued", "plain", "Next in ComfyUI's queue", null]);
  const [phase, tone] = said({ place: next, runsPrompt: true }); // and has yet to report
  assert.deepEqual([phase, tone], ["ready", "plain"]);
  const second = { ...state, done: 1, pending: 9, left: 9 };
  assert.equal(said({ state: second, place: next, runsPrompt: true })[0], "starting");
  assert.equal(said({ goesOn: false })[0], "stopped");
});

test("a complete loop waits only for a run that begins it again", () => {
  const state = { ...REST, complete: true, next: "stop", stands: "complete", pending: 0, done: 10, left: 0 };
  const phase = (isNew) => model({ folder: FOLDER, goesOn: true, state, place: { before: 1, isNew } }).phase;
  assert.equal(phase(true), "queued");
  assert.equal(phase(false), "complete");
});

test("while the page waits for other servers, the card says so", () => {
  const detail = (stands, awaitsLoop) => model({ state: { ...STATE, stands }, awaitsLoop }).detail;
  assert.equal(
    detail("waiting", true),
    "Waiting for other servers: they are finishing the batch",
  );
  assert.equal(detail("waiting", false), "Image 3 of 10");
  assert.equal(detail("running", true), "Image 3 of 10");
});

test("beside Pause, nothing asks to press Run or Continue", () => {
  const said = (known) => {
    const { phase, headline, detail, hint, buttons } = model({ folder: FOLDER, goesOn: true, ...known });
    assert.equal(buttons.run, "pause");
    return [phase, headline, detail, hint];
  };
  assert.deepEqual(said({ state: REST }), ["starting", "Starting…", "", ""]);
  assert.deepEqual(said({}), ["ready", "10 images", "first: a.png\nlast: j.png", "Starting…"]);
  const watched = { ...REST, done: 10, left: 0, pending: 0, complete: true, next: "watch" };
  assert.deepEqual(said({ state: watched }), ["watching", "Done so far: 10", "Starting…", ""]);
});

test("a prompt that runs, and has yet to report, is not next in the queue", () => {
  const phase = (runsPrompt, before) =>
    model({ folder: FOLDER, goesOn: true, state: REST, runsPrompt, place: { before, isNew: true } }).phase;
  assert.equal(phase(true, 0), "starting");
  assert.equal(phase(false, 0), "queued");
  assert.equal(phase(true, 1), "queued");
});

test("until the image of a paused batch has ended, the card says that it pauses", () => {
  const said = (state) => {
    const { headline, detail, buttons } = model({ folder: FOLDER, state, isPaused: true, pauses: true });
    return [headline, detail, buttons.run];
  };
  assert.deepEqual(said(STATE), ["img3.png", "Pausing after this image…", "continue"]);
  assert.deepEqual(said(REST), ["Pausing after this image…", "", "continue"]);
});

test("new images of a complete batch are named where Run takes just those", () => {
  const state = { ...REST, done: 10, left: 0, pending: 0, complete: true, next: "stop" };
  const folder = { ...FOLDER, total: 12, new: 2 };
  const detail = (known) => model({ state, folder, adds: true, ...known }).detail;
  const holds = "Under these settings now: 12 images.";
  assert.equal(detail({}), "2 new images: press Run.");
  assert.equal(detail({ adds: false }), holds);
  assert.equal(detail({ goesOn: true }), holds);
  assert.equal(detail({ folder: { ...folder, new: 0 } }), holds);
  assert.equal(detail({ state: REST }), holds);
  assert.equal(detail({ state: { ...state, next: "watch" } }), holds); // its button is Continue
  assert.equal(model({ state, folder, adds: true }).buttons.primary, "run");
});

test("new images are named even if as many others have gone since", () => {
  const state = { ...REST, done: 10, left: 0, pending: 0, complete: true, next: "stop" };
  const shown = (known) => model({ state, folder: { ...FOLDER, new: 10 }, ...known });
  const { detail, buttons } = shown({ adds: true });
  assert.deepEqual([detail, buttons.primary], ["10 new images: press Run.", "run"]);
  for (const known of [{ adds: false }, { adds: true, folder: { ...FOLDER, new: 0 } }]) {
    assert.equal(shown(known).buttons.primary, "startOver");
    assert.doesNotMatch(shown(known).detail, /new image|holds/);
  }
});
