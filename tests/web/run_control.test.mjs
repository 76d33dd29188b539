import assert from "node:assert/strict";
import test from "node:test";
import { RunControl } from "../../web/lib/run_control.js";
import { Trial } from "../../web/lib/trial.js";

const OURS = { 1: { class_type: "BatchLoopDirectoryIterator" } };
const OTHER = { 1: { class_type: "LoadImage" } };

function setUp({ waiting = [], open = false, on = true } = {}) {
  const did = [];
  const api = {
    clientId: "me",
    fetchApi: async (_route, options) => {
      if (options) did.push(JSON.parse(options.body));
      return { json: async () => ({ queue_pending: waiting }) };
    },
  };
  const autoQueue = {
    runsAll: on,
    start: async () => did.push("start"),
    switchOff: () => did.push("off"),
    queueOne: async () => did.push("one"),
  };
  const watch = { on: false, end: () => did.push("end") };
  const trial = new Trial({ isOnChange: () => false });
  const submissions = { open };
  const control = new RunControl({ api, autoQueue, submissions, trial, watch: () => watch });
  return { autoQueue, control, did, trial, watch };
}

test("Pause ends by the image in progress, and takes back what this page has sent", async () => {
  const waiting = [
    [1, "mine", OURS, { client_id: "me" }],
    [2, "my other work", OTHER, { client_id: "me" }],
    [3, "somebody's", OURS, { client_id: "you" }],
  ];
  const { control, did } = setUp({ waiting });
  await control.pause();
  assert.deepEqual(did, ["end", "off", { delete: ["mine"] }]);
});

test("what was still being sent when Pause was pressed is taken back too, once", async () => {
  const { control, did } = setUp({ waiting: [[1, "mine", OURS, { client_id: "me" }]] });
  await control.pause();
  did.length = 0;
  control.sent();
  await new Promise(setImmediate);
  control.sent();
  await new Promise(setImmediate);
  assert.deepEqual(did, [{ delete: ["mine"] }]);
});

test("what is sent after Continue is not taken back", async () => {
  const { control, did } = setUp({ waiting: [[1, "mine", OURS, { client_id: "me" }]] });
  await control.pause();
  did.length = 0;
  await control.start();
  control.sent();
  await new Promise(setImmediate);
  assert.deepEqual(did, ["start"]);
});

test("a page that watches a folder goes on too", () => {
  const { control, watch } = setUp({ on: false });
  assert.equal(control.goesOn, false);
  watch.on = true;
  assert.equal(control.goesOn, true);
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
