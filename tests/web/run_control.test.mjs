import assert from "node:assert/strict";
import test from "node:test";
import { InProgress } from "../../web/lib/in_progress.js";
import { RunControl } from "../../web/lib/run_control.js";
import { Submissions } from "../../web/lib/submissions.js";
import { TakeBack } from "../../web/lib/take_back.js";
import "./english.mjs";
import { Trial } from "../../web/lib/trial.js";

const OURS = { 1: { class_type: "BatchLoopDirectoryIterator" } };
const OTHER = { 1: { class_type: "LoadImage" } };

const GRAPH = { extra_pnginfo: { workflow: { id: 1 } } };

const HERE = { isHere: true };

/** An entry of ComfyUI's queue. */
function entry(id, { graph = OURS, client = "me", extra = GRAPH } = {}) {
  return [1, id, graph, { client_id: client, ...extra }];
}

/**
 * A run control; `queue` is what waits in ComfyUI's queue, or how it answers, once `looked` has
 * ended.
 */
function setUp({ queue = [], running = [], away = [], sending = null, looked = async () => {}, ...given } = {}) {
  const did = [];
  const api = {
    clientId: "me",
    async fetchApi(_route, options) {
      if (options) did.push(JSON.parse(options.body));
      if (queue instanceof Response) return queue;
      if (queue instanceof Error) throw queue;
      const answer = JSON.stringify({ queue_pending: queue, queue_running: running });
      await looked();
      return new Response(answer);
    },
  };
  const gate = {
    runsHere: true,
    goesOn: (loop) => away.includes(loop),
    runs: (loop) => loop === "here",
    places: { of: (loop, isHere) => ({ loop, isHere }) },
    start: async () => did.push("start"),
    queueOne: async () => did.push("one"),
  };
  const stopping = {
    resume: (loop) => away.includes(loop),
    pause(loop) {
      did.push(`pause ${loop}`);
      return { isIts: (_prompt, graph) => graph === "1", sending };
    },
  };
  const watch = { loops: [], waitsFor: (loop) => watch.loops.includes(loop), end: () => did.push("end") };
  const trial = new Trial({ isOnChange: () => false });
  const submissions = given.submissions ?? { open: given.open ?? false, count: 1 };
  const told = [];
  const takeBack = new TakeBack({ api, toasts: { show: (_key, said) => told.push(said.detail) } });
  const inProgress = new InProgress();
  const places = new Map();
  const earlier = { placeOf: (loop) => places.get(loop) ?? null };
  const endings = { isBefore: () => false };
  const control = new RunControl({ earlier, endings, gate, inProgress, stopping, submissions, takeBack, trial, watch: () => watch });
  return { control, did, gate, inProgress, places, queue, submissions, takeBack, told, trial, watch };
}

test("Pause ends by the image in progress, and takes back what this page has sent of the batch", async () => {
  const trial = { 1: { ...OURS[1], inputs: { batch_loop_card: { try_image: "" } } } };
  const queue = [
    entry("its"),
    entry("my other work", { graph: OTHER }),
    entry("another batch's", { extra: {} }),
    entry("a trial", { graph: trial }),
    entry("somebody's", { client: "you" }),
  ];
  const { control, did } = setUp({ queue });
  await control.pause("l", HERE);
  assert.deepEqual(did, ["pause l", { delete: ["its"] }]);
});

test("what the page was sending of a batch that is away is taken back too, unless it goes on", async () => {
  for (const goesOn of [false, true]) {
    let answer;
    const sending = new Promise((resolve) => (answer = resolve));
    const { control, did, queue } = setUp({ away: ["l"], sending });
    const paused = control.pause("l");
    if (goesOn) await control.resume("l");
    queue.push(entry("its"));
    answer();
    await paused;
    assert.deepEqual(did.slice(1), goesOn ? [] : [{ delete: ["its"] }]);
  }
});

test("what is taken back of one batch does not depend on another that is paused, or goes on", async () => {
  for (const next of ["pause", "resume"]) {
    let answer;
    const sending = new Promise((resolve) => (answer = resolve));
    const { control, did, queue } = setUp({ away: ["l", "m"], sending });
    const paused = [control.pause("l")];
    await Promise.resolve();
    if (next === "pause") paused.push(control.pause("m"));
    else await control.resume("m");
    queue.push(entry("its"));
    answer();
    await Promise.all(paused);
    assert.deepEqual(did.at(-1), { delete: ["its"] });
  }
});

test("what ComfyUI was sending when Pause was pressed stays once the batch goes on", async () => {
  const { control, did, queue } = setUp({ open: true, away: ["l"] });
  await control.pause("l");
  await control.resume("l");
  queue.push(entry("its"));
  await control.sent();
  assert.deepEqual(did, ["pause l"]);
});

test("what was still being sent when Pause was pressed is taken back too, once", async () => {
  let looks = 0;
  const looked = async () => (looks += 1);
  const { control, did, queue, submissions } = setUp({ open: true, looked });
  await control.pause("l", HERE);
  did.length = 0;
  queue.push(entry("its"));
  await control.sent();
  const before = looks;
  submissions.open = false;
  await control.sent(); // something without a batch
  Object.assign(submissions, { open: true, count: 2 });
  await control.sent();
  assert.deepEqual([did, looks], [[{ delete: ["its"] }], before]);
});

/** A run control with what ComfyUI's page does; `turn()` runs what waits for it. */
function sendingPage(given = {}) {
  const waiting = [];
  const submissions = new Submissions({ later: (run) => waiting.push(run) });
  const page = setUp({ ...given, submissions });
  const { control, queue } = page;
  /** ComfyUI has accepted a prompt, and its page says that it has sent what one press asked for. */
  const sends = (id) => {
    queue.push(entry(id));
    submissions.end();
    return control.sent();
  };
  const turn = () => waiting.splice(0).forEach((run) => run());
  return { ...page, sends, submissions, turn };
}

/** Resolves once what has its answer has gone on. */
const passes = () => new Promise((resume) => setImmediate(resume));

test("after several presses of Run while ComfyUI sends, Pause takes back what each has sent", async () => {
  const { control, did, sends, submissions, turn } = sendingPage();
  submissions.begin();
  await control.pause("l", HERE);
  const first = sends("first");
  submissions.begin(); // the second press, in the same turn
  turn();
  await first;
  const second = sends("second");
  turn();
  await second;
  assert.equal(submissions.open, false);
  assert.deepEqual(did.slice(1), [{ delete: ["first"] }, { delete: ["first", "second"] }]);
});

test("an answer of ComfyUI's that comes late keeps nothing from being taken back", async () => {
  const answers = [];
  const looked = () => new Promise((answer) => answers.push(answer));
  const { control, did, sends, submissions, turn } = sendingPage({ looked });
  submissions.begin();
  const asking = [control.pause("l", HERE), sends("first")];
  submissions.begin();
  asking.push(sends("second"));
  turn();
  assert.equal(submissions.open, false);
  const [paused, first, second] = answers.splice(0);
  for (const answer of [paused, first]) {
    answer();
    await passes();
    answers.splice(0).forEach((deleted) => deleted());
    await passes();
  }
  did.length = 0;
  second();
  await passes();
  assert.deepEqual(did, [{ delete: ["first", "second"] }]);
  answers.splice(0).forEach((deleted) => deleted());
  await Promise.all(asking);
});

test("what was asked for, and not yet begun, when Pause was pressed is taken back, too", async () => {
  for (const begins of [true, false]) {
    const { control, did, sends, submissions, turn } = sendingPage();
    let send;
    const asked = submissions.ask(() => new Promise((sent) => (send = sent)));
    await control.pause("l", HERE);
    if (!begins) send(); // nothing, as somebody else runs the batch
    if (!begins) await asked;
    submissions.begin();
    const sent = sends(begins ? "its" : "another Run's");
    turn();
    await sent;
    assert.deepEqual(did.slice(1), begins ? [{ delete: ["its"] }] : []);
    send();
    await asked;
  }
});

test("a Pause that is pressed while another asks what waits takes back its own prompts", async () => {
  let answer = null;
  let isSlow = false;
  const looked = () => isSlow && new Promise((resolve) => (answer = resolve));
  const { control, did, sends, submissions, turn } = sendingPage({ looked });
  submissions.begin();
  await control.pause("l", HERE);
  isSlow = true;
  const first = sends("first");
  turn();
  isSlow = false;
  submissions.begin(); // Run of another batch
  await control.pause("m", HERE);
  answer();
  await first;
  did.length = 0;
  await sends("second");
  assert.deepEqual(did, [{ delete: ["first", "second"] }]);
});

test("an image that begins while Pause is pressed is the last one, even if it was being sent", async () => {
  for (const open of [false, true]) {
    const running = open ? [] : [entry("its")];
    const { control, inProgress } = setUp({ running, open });
    await control.pause("l", HERE);
    if (open) running.push(entry("its"));
    await control.sent();
    inProgress.started("its");
    assert.equal(control.pauses("l"), true);
  }
});

test("what is sent after Pause is not taken back", async () => {
  const { control, did, queue, submissions } = setUp();
  await control.pause("l", HERE); // nothing is being sent
  did.length = 0;
  submissions.count += 1;
  queue.push(entry("a Run, or a trial"));
  await control.sent();
  assert.deepEqual(did, []);
});

test("a Run that begins while Pause asks what waits is not taken back", async () => {
  const { control, did, submissions } = setUp({ queue: [entry("its")] });
  const paused = control.pause("l", HERE);
  submissions.count += 1;
  await paused;
  assert.deepEqual(did, ["pause l"]);
});

test("what is sent after Continue is not taken back", async () => {
  const { control, did, queue } = setUp({ open: true });
  await control.pause("l", HERE);
  did.length = 0;
  await control.start("l");
  queue.push(entry("its"));
  await control.sent();
  assert.deepEqual(did, ["start"]);
});

test("if ComfyUI cannot be asked what waits, a message says so", async (t) => {
  t.mock.method(console, "warn", () => {});
  const without = new Response(JSON.stringify({}));
  for (const queue of [new TypeError("gone"), new Response("<html>", { status: 502 }), without]) {
    const { control, told } = setUp({ queue });
    await control.pause("l", HERE);
    assert.match(told[0], /^ComfyUI has not answered/);
    assert.equal(told.length, 1);
  }
});

test("a loop goes on by itself where it does, not where another does", () => {
  const { control, gate, watch } = setUp({ away: ["away"] });
  gate.runsHere = false;
  watch.loops = ["watched"];
  for (const [loop, expected] of [["here", false], [null, false], ["away", true], ["watched", true]]) {
    assert.equal(control.goesOn(loop, { isHere: true }), expected);
  }
  gate.runsHere = true;
  assert.equal(control.goesOn(null, { isHere: true }), true);
  assert.equal(control.goesOn("here"), false);
});

test("Pause ends the watching of its own loop only", async () => {
  const { control, did, watch } = setUp();
  watch.loops = ["watched"];
  await control.pause("l", HERE);
  assert.deepEqual(did, ["pause l"]);
  await control.pause("watched"); // another workflow is on the screen, and runs
  assert.deepEqual(did.slice(1), ["end"]);
  await control.pause("watched", HERE);
  assert.deepEqual(did.slice(2), ["end", "pause watched"]);
});

test("Continue of a loop is for its own workflow, wherever that is", async () => {
  const { control, did } = setUp({ away: ["away"] });
  assert.equal(await control.resume("away"), true);
  assert.equal(await control.resume("nowhere"), false);
  assert.deepEqual(did, []);
  assert.equal(await control.resume("here"), true);
  assert.deepEqual(did, ["start"]);
});

test("Continue of a loop that goes on already does nothing", async () => {
  const { control, did, gate } = setUp();
  gate.goesOn = () => true;
  assert.equal(await control.resume("l"), true);
  assert.deepEqual(did, []);
});

test("an image is tried once, until it is sent", async () => {
  const { control, did, gate, submissions } = setUp({ submissions: new Submissions() });
  let send;
  gate.queueOne = () => new Promise((resolve) => (send = resolve)).then(() => did.push("one"));
  const first = control.tryOne({}, "a.png");
  await control.tryOne({}, "a.png");
  assert.equal(submissions.isAsked, true);
  send();
  await first;
  assert.deepEqual([did, submissions.isAsked], [["one"], false]);
});

test("while something is being sent, no image is tried: it would be sent with the others", async () => {
  const { control, did } = setUp({ open: true });
  await control.tryOne({}, "");
  assert.deepEqual(did, []);
});

test("only the prompt that tries an image says so, with the image of its own node", async () => {
  const trial = new Trial({ isOnChange: () => false });
  const [node, other] = [{}, {}];
  const widgets = [node, other].map((of) => {
    const widget = { options: { serialize: false } };
    trial.use(of, widget);
    return widget;
  });
  const sent = () => {
    widgets.forEach((widget) => trial.sending(widget));
    const said = widgets.map(({ options, serializeValue }) => options.serialize && serializeValue());
    for (const { options } of widgets) assert.equal(options.serialize, false);
    return said;
  };
  assert.deepEqual(sent(), [false, false]);
  await trial.run(node, "a.png", async () => {
    assert.deepEqual(sent(), [{ try_image: "a.png" }, { try_image: "", beside: "a.png" }]);
    assert.deepEqual(sent(), [false, false], "a Run that was pressed meanwhile");
  });
  assert.deepEqual(sent(), [false, false]);
});

test("with Run (On Change), every prompt is a trial of the first image", () => {
  const trial = new Trial({ isOnChange: () => true });
  const widget = { options: { serialize: false } };
  trial.use({}, widget);
  for (let prompt = 0; prompt < 2; prompt += 1) {
    trial.sending(widget);
    assert.deepEqual([widget.options.serialize, widget.serializeValue()], [true, { try_image: "" }]);
    assert.equal(widget.options.serialize, false);
  }
});

test("only a loop that this page goes on with, or did before a reload, has a place in the queue", () => {
  const { control, gate, places } = setUp({ away: ["l"] });
  assert.deepEqual(control.placeOf("l"), { loop: "l", isHere: false });
  assert.deepEqual(control.placeOf(null, HERE), { loop: null, isHere: true });
  gate.runsHere = false;
  assert.equal(control.placeOf("another", HERE), null);
  places.set("another", { before: 2 }); // of before a reload
  assert.deepEqual(control.placeOf("another"), { before: 2 });
  assert.equal(control.placeOf(null), null);
});

test("it is known whether the page waits for something of a loop", () => {
  const { control, watch } = setUp();
  watch.loops.push("l");
  assert.deepEqual([control.awaits("l"), control.awaits("another"), control.awaits(null)], [true, false, false]);
});

test("a paused loop pauses until its prompt has ended", async () => {
  const { control, inProgress } = setUp();
  inProgress.started("p");
  inProgress.heard("l", "p");
  assert.deepEqual([control.runsPrompt, control.pauses("l")], [true, false]);
  await control.pause("l", HERE);
  assert.deepEqual([control.pauses("l"), control.pauses("another"), control.pauses(null)], [true, false, false]);
  assert.equal(inProgress.ended("somebody's"), false);
  assert.equal(inProgress.ended("p"), true);
  assert.deepEqual([control.runsPrompt, control.pauses("l")], [false, false]);
});

test("a loop that is cancelled is cancelled until its prompt has ended, and once only", () => {
  const { control, inProgress } = setUp();
  assert.equal(inProgress.cancel(), false); // nothing runs
  inProgress.started("p");
  inProgress.heard("l", "p");
  assert.equal(control.cancels("l"), false);
  assert.deepEqual([inProgress.cancel(), inProgress.cancel()], [true, false]);
  assert.deepEqual([control.cancels("l"), control.cancels("another"), control.cancels(null)], [true, false, false]);
  assert.deepEqual([inProgress.ended("p"), control.cancels("l")], [true, false]);
  inProgress.started("q");
  inProgress.heard("l", "q");
  assert.equal(control.cancels("l"), false);
});

test("a loop that goes on no longer pauses, nor does one whose prompt was lost", async () => {
  const { control, inProgress } = setUp();
  const pause = async () => {
    inProgress.heard("l", "p");
    await control.pause("l", HERE);
    return control.pauses("l");
  };
  assert.equal(await pause(), true);
  await control.start("l");
  assert.equal(control.pauses("l"), false);
  assert.equal(await pause(), true);
  await inProgress.queueIs(0);
  assert.equal(control.pauses("l"), false);
});

test("ComfyUI's queue tells whether the prompt that has yet to report is the paused loop's", async () => {
  for (const [running, pauses] of [
    [[entry("p")], true],
    [[entry("p", { graph: OTHER })], false],
  ]) {
    const { control, inProgress } = setUp({ running });
    inProgress.started("p");
    await control.pause("l", HERE);
    assert.equal(control.pauses("l"), pauses);
  }
});

test("the prompt of another batch is not the last because one was paused", async () => {
  const { control, inProgress } = setUp();
  inProgress.heard("another", "p");
  await control.pause("l", HERE);
  assert.deepEqual([control.pauses("l"), control.pauses("another")], [false, false]);
});

test("a prompt that has not reported yet, and turns out to be another batch's, is not the last", async () => {
  const { control, inProgress } = setUp({ running: [entry("another batch's", { extra: {} })] });
  inProgress.started("another batch's");
  const paused = control.pause("l", HERE);
  inProgress.heard("another", "another batch's");
  await paused;
  assert.equal(control.pauses("another"), false);
  assert.equal(inProgress.ended("another batch's"), false);
});

test("a batch whose loop was not known when it was paused pauses once that is known", async () => {
  const { control, inProgress } = setUp({ running: [entry("p")] });
  inProgress.started("p");
  await control.pause(null, HERE);
  inProgress.heard("l", "p");
  assert.equal(control.pauses("l"), true);
});

test("Continue counts that is pressed before ComfyUI has said what runs", async () => {
  const { control, inProgress } = setUp({ running: [entry("p")] });
  inProgress.started("p");
  const paused = control.pause("l", HERE);
  await control.start("l");
  await paused;
  inProgress.heard("l", "p");
  assert.equal(control.pauses("l"), false);
});

test("Run of another batch does not end the Pause of the one whose image is in progress", async () => {
  const { control, inProgress } = setUp();
  for (const loop of ["l", "m"]) inProgress.heard(loop, "p");
  await control.pause("l", HERE);
  for (const loop of ["another", null]) await control.start(loop);
  assert.equal(control.pauses("l"), true);
  await control.start("m"); // of the same workflow
  assert.equal(control.pauses("l"), false);
});

test("what waits of this page's batches is told in the order in which it runs", async () => {
  const inputs = { directory: "in", loop_name: "mine" };
  const graph = {
    1: { class_type: "BatchLoopDirectoryIterator", inputs },
    2: { class_type: "BatchLoopDirectoryIterator", inputs: { ...inputs, directory: ["3", 0] } },
    3: { class_type: "PrimitiveString", inputs: { directory: "no" } },
  };
  const trial = { 1: { ...OURS[1], inputs: { batch_loop_card: { try_image: "" } } } };
  const last = [7, ...entry("last", { graph, extra: {} }).slice(1)];
  const queue = [
    last,
    entry("next", { graph }),
    [2, ...entry("another tab's", { client: "you" }).slice(1)],
    [3, ...entry("of another workflow", { graph: OTHER }).slice(1)],
    [4, ...entry("trial", { graph: trial }).slice(1)],
  ];
  const { takeBack } = setUp({ queue, running: [entry("runs")] });
  assert.deepEqual(await takeBack.waiting(), [
    { prompt: "next", before: 1, which: [{ ...inputs, workflow: "1" }] },
    { prompt: "last", before: 5, which: [inputs] },
  ]);
  assert.equal(await setUp({ queue: new Error("away") }).takeBack.waiting(), null);
});
