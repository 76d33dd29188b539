import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { ResultPlace } from "../../web/lib/card/result_place.js";
import { IteratorEntry } from "../../web/lib/card/iterator_entry.js";
import { Refused } from "../../web/lib/requests.js";
import { idleRunControl } from "./idle_run_control.mjs";

const REST = {
  id: "l",
  complete: false,
  stands: "paused",
  seconds: 3,
  pending: 2,
  running: 0,
  done: 1,
  failed: 0,
  left: 2,
  total: 3,
  failures: [],
  current: [],
  stopped_on: null,
};
const UNDER_WAY = { ...REST, stands: "running", running: 1, pending: 1, current: [{ path: "b.png", index: 1 }] };

const FOLDER = { directory: "/in", loop: "l", total: 3, first: "a.png", last: "c.png" };

/** An entry that immediately gets the server's answers to all of its questions. */
function entryOf({ isElsewhere } = {}) {
  const widgets = [
    { name: "directory", value: "in" },
    { name: "limit", value: 0 },
  ];
  const inputs = widgets.map(({ name }) => ({ name }));
  const linked = [];
  const isInputConnected = (slot) => linked.includes(inputs[slot].name);
  const shown = [];
  const card = { show: (model, more) => shown.push({ ...model, ...more }) };
  const selects = [{}, { selects_images: true }];
  const nodeData = { input: { required: { directory: selects, limit: selects } } };
  const node = { widgets, inputs, isInputConnected, constructor: { nodeData } };
  const runControl = idleRunControl();
  const entry = new IteratorEntry({ node, card, runControl, isElsewhere });
  const told = (state, folder = { value: FOLDER }) => {
    let isNews = false;
    // The folder's answer may name another loop to ask about.
    for (let turn = 0; turn < 2; turn += 1) {
      const answers = entry.questions.map((question) => [
        question,
        question.startsWith("folder") ? folder : state instanceof Error ? { error: state } : { value: state },
      ]);
      isNews = entry.told(new Map(answers));
    }
    return isNews;
  };
  return { entry, linked, node, runControl, shown, told };
}

test("it asks about the folder with its settings, and about that folder's loop", () => {
  const { entry, node, told } = entryOf();
  assert.deepEqual(entry.questions, ['folder {"directory":"in","limit":0}']);
  told(REST);
  assert.deepEqual(entry.questions, ['folder {"directory":"in","limit":0}', "loop l"]);
  node.widgets[1].value = 2;
  assert.deepEqual(entry.questions, ['folder {"directory":"in","limit":2}']);
  node.widgets[0].value = "";
  assert.deepEqual(entry.questions, []);
});

test("a loop that has not run does not count until another tab runs it", () => {
  const { entry, shown, told } = entryOf();
  told(null);
  assert.deepEqual([entry.loop, shown.at(-1).headline], [null, "3 images"]);
  told(REST);
  assert.deepEqual([entry.loop, shown.at(-1).phase], ["l", "paused"]);
});

test("a node without a folder says so and asks nothing", () => {
  const { entry, node, shown } = entryOf();
  node.widgets[0].value = "";
  entry.told(new Map());
  assert.deepEqual([entry.questions, shown.at(-1).headline], [[], "No folder yet"]);
  node.widgets[0].value = "in";
  entry.told(new Map());
  assert.equal(shown.length, 1);
});

test("until the state of the loop is known, nothing else is shown", () => {
  const { entry, shown } = entryOf();
  entry.told(new Map([[entry.folderQuestion, { value: FOLDER }]]));
  assert.deepEqual(shown, []);
});

test("an answer about the loop that comes before the folder's is not lost", () => {
  const { entry, shown } = entryOf();
  const complete = { ...REST, pending: 0, done: 3, left: 0, complete: true, stands: "complete" };
  entry.heard("l");
  entry.told(new Map([["loop l", { value: UNDER_WAY }]]));
  entry.told(new Map([["loop l", { value: complete }]]));
  assert.deepEqual(shown, []);
  entry.told(new Map([[entry.folderQuestion, { value: FOLDER }]]));
  assert.deepEqual(shown.map(({ phase }) => phase), ["complete"]);
});

test("an answer that waited says nothing after the settings have changed", () => {
  const { entry, node, shown } = entryOf();
  const before = entry.folderQuestion;
  entry.told(new Map([[before, { value: FOLDER }]]));
  node.widgets[0].value = "other";
  entry.told(new Map([["loop l", { value: UNDER_WAY }]]));
  const other = { value: { ...FOLDER, loop: "m" } };
  entry.told(new Map([[entry.folderQuestion, other], ["loop m", { value: REST }]]));
  assert.deepEqual(shown.map(({ phase }) => phase), ["paused"]);
  node.widgets[0].value = "in";
  entry.told(new Map());
  assert.deepEqual(shown.map(({ phase }) => phase), ["paused"]);
});

test("between two images it shows the one handed out last, though nobody asked while it ran", () => {
  const { entry, shown, told } = entryOf();
  told(UNDER_WAY);
  const between = { ...UNDER_WAY, running: 0, current: [], done: 3, total: 5 };
  const image = { index: 2, path: "c.png" };
  entry.heard("l", image);
  told(between);
  assert.deepEqual([shown.at(-1).headline, shown.at(-1).detail], ["c.png", "Image 3 of 5"]);
  // Of two that were asked about at once, the server has the later.
  entry.heard("l", image);
  told({ ...between, running: 1, current: [{ index: 3, path: "d.png" }] });
  told(between);
  assert.equal(shown.at(-1).headline, "d.png");
});

test("a report under other settings is about another loop", () => {
  const { entry, node, told } = entryOf();
  entry.heard("l");
  told(REST);
  assert.equal(entry.loop, "l");
  node.widgets[0].value = "other";
  assert.equal(entry.loop, null);
});

test("a report of a prompt that was sent with another folder does not count for this one", () => {
  const OTHER = { value: { ...FOLDER, loop: "m", total: 7 } };
  for (const answers of [[null, OTHER], []]) {
    const { entry, node, shown, told } = entryOf();
    told(null);
    entry.sending();
    node.widgets[0].value = "other";
    // Whether or not the server has told yet which loop the new folder stands for.
    if (answers.length > 0) told(...answers);
    entry.heard("l", { index: 1, path: "b.png" });
    assert.notEqual(entry.named, "l");
    told(null, OTHER);
    assert.deepEqual([entry.named, shown.at(-1).headline], ["m", "7 images"]);
    entry.sending();
    entry.heard("l", { index: 1, path: "b.png" }); // one of several that were sent before
    assert.equal(entry.named, "m");
    entry.heard("m", { index: 0, path: "a.png" });
    assert.equal(entry.named, "m");
  }
});

test("a report counts for a folder under other settings of the same batch", () => {
  const { entry, node, shown, told } = entryOf();
  told(REST);
  entry.sending();
  node.widgets[1].value = 2;
  told(REST);
  told(REST, { error: new Refused("gone", 400, "folder_not_found") });
  assert.equal(shown.at(-1).phase, "gone");
  entry.heard("l", { index: 1, path: "b.png" });
  entry.show();
  assert.equal(shown.at(-1).phase, "paused");
});

test("a refused folder stays refused when a prompt reports that was sent with another", () => {
  const { entry, node, shown, told } = entryOf();
  told(REST);
  entry.sending();
  node.widgets[0].value = "other";
  told(null, { error: new Refused("refused", 400) });
  entry.heard("l", { index: 1, path: "b.png" });
  entry.show();
  assert.equal(shown.at(-1).phase, "refused");
});

test("an image that is tried with another folder is not shown for this one", () => {
  const { entry, node, shown, told } = entryOf();
  told(null);
  entry.sending();
  node.widgets[0].value = "other";
  told(null, { value: { ...FOLDER, loop: "m", total: 7 } });
  entry.tries({ path: "a.png" }, "p");
  assert.equal(shown.at(-1).headline, "7 images");
});

test("with a linked folder, the loop is the one that the node reported on", () => {
  const { entry, linked, shown, told } = entryOf();
  linked.push("directory");
  assert.deepEqual(entry.questions, []);
  told(REST);
  assert.deepEqual([entry.loop, shown.at(-1).phase], [null, "unknown"]);
  entry.heard("l");
  told(UNDER_WAY);
  assert.deepEqual([entry.loop, shown.at(-1).headline], ["l", "b.png"]);
});

test("between two images the last one is still shown, if the server says it runs", () => {
  const { shown, told } = entryOf();
  told(UNDER_WAY);
  told({ ...REST, stands: "running" });
  assert.equal(shown.at(-1).headline, "b.png");
  told(REST);
  assert.equal(shown.at(-1).headline, "Paused: 2 images left");
});

test("at the end, the folder must be checked again", () => {
  const { entry } = entryOf();
  entry.told(new Map([[entry.folderQuestion, { value: FOLDER }]]));
  const told = (state) => entry.told(new Map([["loop l", { value: state }]]));
  assert.equal(told(UNDER_WAY), false);
  const complete = { ...REST, pending: 0, done: 3, left: 0, complete: true, stands: "complete" };
  assert.equal(told(complete), true);
  assert.equal(told(complete), false);
});

test("when a run stops, the folder must be checked again", () => {
  const { entry } = entryOf();
  entry.told(new Map([[entry.folderQuestion, { value: FOLDER }]]));
  const told = (state) => entry.told(new Map([["loop l", { value: state }]]));
  const stopped = { ...REST, stands: "stopped", stopped_on: { path: "b.png", index: 1 } };
  for (const rest of [REST, stopped]) {
    assert.equal(told(UNDER_WAY), false);
    assert.equal(told({ ...REST, stands: "running" }), false);
    assert.equal(told(rest), true);
    assert.equal(told(rest), false);
  }
});

test("a refusal is obsolete once the node has run again", () => {
  for (const run of [({ entry }) => entry.heard("l"), ({ told }) => told(UNDER_WAY)]) {
    const batch = entryOf();
    const { entry, shown, told } = batch;
    entry.heard("l");
    told(REST, { error: new Refused("gone", 400, "folder_not_found") });
    assert.equal(shown.at(-1).phase, "gone");
    run(batch);
    // Later, only the loop is asked about.
    entry.told(new Map([["loop l", { value: { ...REST, stands: "running" } }]]));
    assert.notEqual(shown.at(-1).phase, "gone");
  }
});

test("a refusal that is told again stays obsolete", () => {
  const { entry, shown } = entryOf();
  const known = new Map([
    [entry.folderQuestion, { error: new Refused("gone", 400, "folder_not_found") }],
    ["loop l", { value: { ...REST, stands: "running" } }],
  ]);
  entry.heard("l");
  entry.told(known);
  assert.equal(shown.at(-1).phase, "gone");
  entry.heard("l");
  entry.told(new Map(known));
  assert.notEqual(shown.at(-1).phase, "gone");
});

test("an answer counts again once the node comes back to that folder", () => {
  const { entry, node, shown } = entryOf();
  const known = new Map([[entry.folderQuestion, { error: new Refused("refused", 400) }]]);
  entry.told(known);
  node.widgets[0].value = "";
  entry.told(known);
  assert.equal(shown.at(-1).phase, "empty");
  node.widgets[0].value = "in";
  entry.told(known);
  assert.equal(shown.at(-1).phase, "refused");
});

test("a server that fails says nothing about the folder", () => {
  const { shown, told } = entryOf();
  const stopped = { ...REST, stands: "stopped", stopped_on: { path: "b.png", index: 1 } };
  told(stopped);
  told(stopped, { error: new Refused("no database", 503) });
  assert.equal(shown.at(-1).phase, "stopped");
});

test("a refusal is shown; an unreachable server changes nothing", () => {
  const { shown, told } = entryOf();
  told(null, { error: new Refused("not allowed", 403) });
  assert.deepEqual([shown.at(-1).phase, shown.at(-1).detail], ["refused", "not allowed"]);
  told(new TypeError("away"), { error: new TypeError("Failed to fetch") });
  assert.equal(shown.at(-1).detail, "not allowed");
  told(REST);
  assert.equal(shown.at(-1).phase, "paused");
  told(new TypeError("away"));
  assert.equal(shown.at(-1).phase, "paused");
});

test("a server that does not answer is not shown as at work, until it does", () => {
  const { runControl, shown, told } = entryOf();
  runControl.goesOn = () => true;
  const said = () => [shown.at(-1).tone, shown.at(-1).detail];
  const NO_ANSWER = ["error", "The server does not answer. What you see may be out of date."];
  told(UNDER_WAY);
  for (const error of [new TypeError("Failed to fetch"), new Refused("Bad Gateway", 502)]) {
    told(error);
    assert.deepEqual(said(), NO_ANSWER);
    told(UNDER_WAY);
    assert.deepEqual(said(), ["plain", "Image 2 of 3"]);
  }
  told(REST);
  told(new TypeError("Failed to fetch"));
  assert.deepEqual(said(), NO_ANSWER);
});

test("a server that says why it cannot tell is not one that does not answer", () => {
  const { shown, told } = entryOf();
  told(UNDER_WAY);
  const why = "Batch Loop cannot use its database x: refused. Run again when it is back.";
  told(new Refused(why, 503));
  assert.deepEqual([shown.at(-1).tone, shown.at(-1).detail, shown.at(-1).hint], ["error", why, ""]);
});

test("a cancelled image that another server has by now is not being cancelled any more", () => {
  const { entry, runControl, shown, told } = entryOf();
  const handedOut = (since) => ({ ...UNDER_WAY, current: [{ ...UNDER_WAY.current[0], since }] });
  entry.heard("l", { index: 1, path: "b.png" });
  told(handedOut(10));
  for (const cancels of [true, false]) {
    runControl.cancels = () => cancels;
    entry.show();
    assert.equal(shown.at(-1).detail, "Cancelling…");
  }
  told(handedOut(12));
  assert.equal(shown.at(-1).detail, "Image 2 of 3");
});

test("a batch that this page has paused is shown as paused, and no longer once it goes on", () => {
  const { entry, runControl, shown, told } = entryOf();
  const phase = () => shown.at(-1).phase;
  runControl.goesOn = () => true;
  told(UNDER_WAY);
  const between = { ...UNDER_WAY, current: [], running: 0 };
  told(between);
  assert.equal(phase(), "running");
  runControl.goesOn = () => false;
  entry.show();
  told(between);
  assert.equal(phase(), "paused");
  runControl.goesOn = () => true;
  entry.show();
  assert.equal(phase(), "running");
});

test("a batch that ends is not shown as paused before the server has told of its end", () => {
  const { entry, runControl, shown, told } = entryOf();
  runControl.goesOn = () => true;
  told(UNDER_WAY);
  told({ ...UNDER_WAY, current: [], running: 0, left: 1, done: 2 });
  runControl.goesOn = () => false; // End Queue has switched it off
  entry.show();
  told({ ...REST, pending: 0, done: 3, left: 0, complete: true, stands: "complete" });
  assert.deepEqual([...new Set(shown.map(({ phase }) => phase))], ["running", "complete"]);
});

test("a batch that has ended is not offered to be continued before the server has told of its end", () => {
  const { entry, runControl, shown, told } = entryOf();
  runControl.goesOn = () => true;
  told(UNDER_WAY);
  const buttons = () => shown.at(-1).buttons;
  const { run, tries } = buttons();
  runControl.goesOn = () => false;
  runControl.ends = (state) => state.done === UNDER_WAY.done;
  entry.show();
  assert.deepEqual([buttons().run, buttons().tries], [run, tries]);
  told({ ...REST, pending: 0, done: 3, left: 0, complete: true, next: "stop", stands: "complete" });
  assert.equal(buttons().run, "run");
});

test("a trial is shown until its node runs, changes, or its prompt is interrupted", () => {
  const { entry, node, shown, told } = entryOf();
  const phase = () => shown.at(-1).phase;
  told(null);
  entry.tries({ path: "a.png" }, "p1");
  assert.equal(phase(), "trying");
  entry.ended("another", "done");
  assert.equal(phase(), "trying");
  entry.ended("p1", "done");
  assert.equal(phase(), "tried");
  node.widgets[1].value = 5;
  entry.show();
  assert.notEqual(phase(), "tried");
  node.widgets[1].value = 0;
  entry.tries({ path: "b.png" }, "p2");
  entry.ended("p2", null);
  assert.notEqual(phase(), "trying");
  entry.tries({ path: "c.png" }, "p3");
  entry.heard("l");
  entry.show();
  assert.notEqual(phase(), "trying");
});

test("Run waits for images, or begins again, as the node's settings say", () => {
  const { node, shown, told } = entryOf();
  const buttons = () => shown.at(-1).buttons;
  const set = (name, value) => node.widgets.push({ name, value });
  const nothing = { why: "empty", images: 0, folders: 0, kinds: [] };
  const empty = { value: { ...FOLDER, total: 0, first: null, last: null, nothing } };
  set("iteration_mode", "Continue");
  set("when_complete", "Stop");
  told(null, empty);
  assert.deepEqual([buttons().canRun, buttons().primary], [false, "choose"]);
  node.widgets.at(-1).value = "Watch";
  told(null, empty);
  assert.deepEqual([buttons().canRun, buttons().primary], [true, "run"]);
});

test("where the results are is looked up after the first one, and when a run ends", async () => {
  const asked = [];
  const answers = ["", "/out/a", "/out", "/other"];
  let changes = 0;
  const resultsOf = async (loop) => (asked.push(loop), { folder: answers.shift(), isOneOfSeveral: false });
  const place = new ResultPlace(resultsOf, () => (changes += 1));
  const seen = [];
  for (const state of [
    null,
    { ...UNDER_WAY, batch: 1, done: 0 },
    { ...UNDER_WAY, batch: 1 }, // its results are not known yet
    { ...UNDER_WAY, batch: 1 },
    { ...UNDER_WAY, batch: 1, done: 2 },
    { ...REST, batch: 1, done: 2 },
    { ...REST, batch: 2, done: 0 },
    { ...REST, batch: 2, done: 1 },
  ]) {
    await place.note(state);
    seen.push(place.where.folder);
  }
  assert.deepEqual(seen, ["", "", "", "/out/a", "/out/a", "/out", "", "/other"]);
  assert.deepEqual([asked.length, changes], [4, 3]);
});

test("a paused batch pauses until its image has ended, and no other image keeps it from that", () => {
  const { shown, told } = paused();
  const detail = () => shown.at(-1).detail;
  told({ ...UNDER_WAY, current: [{ path: "c.png", index: 2 }] }); // another server's
  assert.equal(detail(), "Image 3 of 3");
  told(REST);
  assert.equal(shown.at(-1).headline, "Paused: 2 images left");
});

test("after Cancel, the card says so until the image has ended", () => {
  for (const isInstant of [true, false]) {
    const { entry, runControl, shown, told } = entryOf();
    runControl.goesOn = () => isInstant;
    entry.heard("l", { index: 1, path: "b.png" });
    told(UNDER_WAY);
    runControl.goesOn = () => false;
    runControl.cancels = () => true;
    entry.show();
    assert.deepEqual([shown.at(-1).headline, shown.at(-1).detail], ["b.png", "Cancelling…"]);
    told(REST); // the server knows it before the page
    assert.equal(shown.at(-1).headline, "Cancelling…");
    told(UNDER_WAY);
    runControl.cancels = () => false; // and the other way round
    entry.show();
    assert.equal(shown.at(-1).detail, "Cancelling…");
    told(REST);
    assert.equal(shown.at(-1).headline, "Paused: 2 images left");
    told(UNDER_WAY); // another server's
    assert.equal(shown.at(-1).detail, "Image 2 of 3");
  }
});

test("a Cancel that came too late is over once the prompt has ended, though its results are yet to be saved", () => {
  for (const how of ["done", "failed", null]) {
    const { entry, runControl, shown, told } = entryOf();
    entry.heard("l", { index: 1, path: "b.png" }, "p");
    runControl.cancels = () => true;
    told(UNDER_WAY);
    entry.ended("another", how);
    assert.equal(shown.at(-1).detail, "Cancelling…");
    entry.ended("p", how);
    runControl.cancels = () => false;
    entry.show();
    assert.equal(shown.at(-1).detail, how ? "Pausing after this image…" : "Cancelling…");
    told(REST);
    assert.equal(shown.at(-1).headline, "Paused: 2 images left");
  }
});

test("a batch that has ended does not pause, though Cancel was pressed at its last image", () => {
  const { entry, runControl, shown, told } = entryOf();
  entry.heard("l", { index: 1, path: "b.png" }, "p");
  runControl.cancels = () => true;
  told(UNDER_WAY);
  entry.ended("p", "done");
  runControl.cancels = () => false;
  runControl.ends = () => true;
  entry.show();
  assert.equal(shown.at(-1).detail, "Image 2 of 3");
});

test("after Cancel, the card says so before anything is known of the batch", () => {
  const { runControl, shown, told } = entryOf();
  runControl.cancels = (loop) => loop === "l";
  const fresh = { ...REST, stands: "fresh", done: 0, left: 3, pending: 3 };
  for (const state of [null, fresh]) {
    told(state);
    const { phase, headline, hint } = shown.at(-1);
    assert.deepEqual([phase, headline, hint], ["running", "Cancelling…", ""]);
  }
  runControl.cancels = () => false;
  told(fresh);
  assert.equal(shown.at(-1).headline, "3 images");
});

test("a cancelled image is still cancelled once the batch goes on", () => {
  const { entry, runControl, shown, told } = entryOf();
  entry.heard("l", { index: 1, path: "b.png" });
  runControl.goesOn = runControl.cancels = () => true;
  told(UNDER_WAY);
  assert.equal(shown.at(-1).detail, "Cancelling…");
  runControl.cancels = () => false;
  entry.show();
  assert.equal(shown.at(-1).detail, "Image 2 of 3");
});

test("a paused batch does not pause for an image that another server had in progress too", () => {
  const { entry, runControl, shown, told } = entryOf();
  const others = { path: "c.png", index: 2 };
  const both = { ...UNDER_WAY, running: 2, current: [...UNDER_WAY.current, others] };
  runControl.goesOn = () => true;
  entry.heard("l", { index: 1, path: "b.png" });
  told(both);
  runControl.goesOn = () => false;
  runControl.pauses = () => true;
  told(both);
  assert.equal(shown.at(-1).detail, "Pausing after this image…");
  runControl.pauses = () => false;
  told({ ...UNDER_WAY, current: [others] });
  assert.equal(shown.at(-1).detail, "Image 3 of 3");
});

/** An entry of a paused batch whose prompt has ended, which the server's answer is yet to show. */
function paused() {
  const batch = entryOf();
  const { entry, runControl, shown, told } = batch;
  runControl.goesOn = () => true;
  entry.heard("l", { index: 1, path: "b.png" });
  told(UNDER_WAY);
  runControl.goesOn = () => false;
  for (const pauses of [true, false]) {
    runControl.pauses = () => pauses;
    told(UNDER_WAY);
    assert.equal(shown.at(-1).detail, "Pausing after this image…");
  }
  return batch;
}

test("a batch that goes on again pauses no more, even before its image has ended", () => {
  const { entry, runControl, shown } = paused();
  runControl.goesOn = () => true;
  entry.show();
  const { detail, buttons } = shown.at(-1);
  assert.deepEqual([detail, buttons.run], ["Image 2 of 3", "pause"]);
});

test("another folder does not pause because one was paused before", () => {
  const { node, shown, told } = paused();
  node.widgets[0].value = "other";
  const there = { ...UNDER_WAY, id: "m", current: [{ path: "z.png", index: 1 }] }; // another server's
  told(there, { value: { ...FOLDER, loop: "m" } });
  const { detail, headline } = shown.at(-1);
  assert.deepEqual([headline, detail], ["z.png", "Image 2 of 3"]);
});

test("new images are named only if Run neither begins anew nor leaves any out", () => {
  const { node, shown, told } = entryOf();
  const complete = { ...REST, complete: true, done: 3, left: 0, pending: 0, next: "stop", stands: "complete" };
  const detail = (values) => {
    const more = Object.entries(values).map(([name, value]) => ({ name, value }));
    node.widgets.splice(2, Infinity, ...more);
    told(complete, { value: { ...FOLDER, total: 5, new: 2 } });
    return shown.at(-1).detail;
  };
  const settings = { iteration_mode: "Continue", when_complete: "Stop", skip_finished: false };
  const holds = "Under these settings now: 5 images.";
  assert.equal(detail(settings), "2 new images: press Run.");
  assert.equal(detail({ ...settings, when_complete: "Start over" }), holds);
  assert.equal(detail({ ...settings, skip_finished: true }), holds);
});

test("what a folder held before a batch has run is not told at its end, as files may have come", () => {
  const { entry, shown, told } = entryOf();
  const folder = { value: FOLDER };
  told(UNDER_WAY, folder);
  const asked = (question, answer) => entry.told(new Map([[question, answer]]));
  const complete = { ...REST, complete: true, next: "stop", stands: "complete", done: 4, left: 0, pending: 0, total: 4 };
  const between = { ...UNDER_WAY, current: [], running: 0, left: 3, total: 4 };
  for (const state of [between, { ...REST, total: 4, left: 3 }, complete]) {
    asked("loop l", { value: state });
    assert.doesNotMatch(shown.at(-1).detail, /holds/);
  }
  asked(entry.folderQuestion, { value: { ...FOLDER, total: 5 } });
  assert.equal(shown.at(-1).detail, "Under these settings now: 5 images.");
});

test("a batch that another tab runs says so, and is not paused", async () => {
  const elsewhere = new Set(["l"]);
  const isElsewhere = async (loop) => elsewhere.has(loop);
  const { entry, node, runControl, shown, told } = entryOf({ isElsewhere });
  const now = async (state, folder) => {
    told(state, folder);
    await new Promise((resume) => setImmediate(resume));
    const { phase, headline, detail, hint } = shown.at(-1);
    return [phase, headline, detail, hint];
  };
  const SAYS = "Runs in another tab.";
  assert.deepEqual(await now(UNDER_WAY), ["running", "b.png", "Image 2 of 3", SAYS]);
  assert.deepEqual(await now(REST), ["queued", "2 left", "", SAYS]);
  assert.deepEqual((await now(null)).filter((_, part) => part !== 2), ["ready", "3 images", SAYS]);
  const complete = { ...REST, complete: true, stands: "complete", next: "stop", done: 3, left: 0, pending: 0 };
  assert.equal((await now(complete))[3], ""); // that tab has yet to see it
  runControl.goesOn = () => true;
  assert.equal((await now(REST))[3], "");
  runControl.goesOn = () => false;
  const other = { value: { ...FOLDER, loop: "m" } };
  node.widgets[0].value = "other";
  assert.equal((await now(null, other))[3], "Press Run for all images, or try one first.");
  node.widgets[0].value = "in";
  await now(REST);
  elsewhere.clear();
  assert.deepEqual(await now(REST), ["paused", "Paused: 2 images left", "Press Continue to go on.", ""]);
  assert.equal(entry.loop, "l");
});

test("a card that was just restored offers no Continue before it knows of the other tab", async () => {
  const { entry, shown } = entryOf({ isElsewhere: async () => true });
  entry.told(new Map([[entry.folderQuestion, { value: FOLDER }]]));
  await new Promise((resume) => setImmediate(resume));
  entry.told(new Map([["loop l", { value: REST }]]));
  assert.deepEqual(
    shown.filter(({ figures }) => figures).map(({ phase }) => phase),
    ["queued"],
  );
});

test("an answer about another tab that comes late does not take the place of a newer one", async () => {
  const answers = [];
  const { shown, told } = entryOf({ isElsewhere: () => new Promise((answer) => answers.push(answer)) });
  told(REST);
  told(REST);
  answers.pop()(false);
  for (const answer of answers) answer(true);
  await new Promise((resume) => setImmediate(resume));
  assert.equal(shown.at(-1).phase, "paused");
});
