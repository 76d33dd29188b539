import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Awake } from "../../web/lib/gate/awake.js";
import { AwayNotice } from "../../web/lib/gate/away_notice.js";
import { Claims } from "../../web/lib/gate/claims.js";
import { commandLine } from "../../web/lib/gate/command_line.js";
import { copyOf } from "../../web/lib/gate/copy.js";
import { Hold } from "../../web/lib/gate/hold.js";

const nextTask = () => new Promise((resume) => setImmediate(resume));

test("the command names the server unless it asks that one anyway", () => {
  assert.equal(
    commandLine("my workflow.json", "http://127.0.0.1:8188/"),
    'batch-loop run "my workflow.json"',
  );
  assert.equal(
    commandLine("a.json", "https://example.org/comfy/?x=1#y"),
    "batch-loop run a.json --server https://example.org/comfy",
  );
  assert.equal(commandLine('$a"b`.json', "http://localhost:8188"), 'batch-loop run "\\$a\\"b\\`.json"');
});

test("the screen is kept on while that is needed and the page can be seen", async () => {
  const did = [];
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const show = (state) => {
    page.visibilityState = state;
    page.dispatchEvent(new Event("visibilitychange"));
  };
  const lock = { release: async () => did.push("let go") };
  const wakeLock = { request: async (type) => did.push(type) && lock };
  const locks = { request: async (name, how, held) => did.push(name) && held().then(() => did.push("given back")) };
  const awake = new Awake({ browser: { wakeLock, locks }, page });
  awake.need(true);
  awake.need(true);
  show("hidden");
  show("visible");
  await nextTask();
  awake.need(false);
  show("visible");
  await nextTask();
  const name = "batch-loop/runs";
  assert.deepEqual(did.sort(), ["screen", "screen", name, "let go", "given back"].sort());
});

test("a browser without locks, or one that refuses, is no error", async () => {
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  new Awake({ browser: {}, page }).need(true);
  const wakeLock = { request: () => Promise.reject(new Error("battery")) };
  const awake = new Awake({ browser: { wakeLock }, page });
  awake.need(true);
  await nextTask();
  awake.need(false);
  await nextTask();
  new Claims(null).claim("l", assert.fail);
  assert.equal(await new Claims(null).areElsewhere(["l"]), false);
  const denied = async () => {
    throw new Error("SecurityError");
  };
  assert.equal(await new Claims({ query: denied }).areElsewhere(["l"]), false);
});

test("a loop is claimed once, and by one tab", async () => {
  const taken = new Set();
  const locks = {
    query: async () => ({ held: [...taken].map((name) => ({ name })) }),
    async request(name, how, got) {
      if (taken.has(name)) return got(null);
      taken.add(name);
      await got({ name });
      return taken.delete(name);
    },
  };
  const [one, other] = [new Claims(locks), new Claims(locks)];
  const refused = [];
  one.claim("l", () => refused.push("one"));
  one.claim("l", () => refused.push("one"));
  other.claim("l", () => refused.push("other"));
  await nextTask();
  assert.deepEqual(refused, ["other"]);
  const elsewhere = () => Promise.all([one, other].map((claims) => claims.areElsewhere(["k", "l"])));
  assert.deepEqual(await elsewhere(), [false, true]);
  one.release("l");
  await nextTask();
  other.claim("l", () => refused.push("other again"));
  await nextTask();
  assert.deepEqual(refused, ["other"]);
});

test("that another tab runs a batch is said until it does no longer", async () => {
  const box = {
    showWith(key, { summary }) {
      if (this.notice) this.notice.isConnected = false;
      this.notice = { key, summary, isConnected: true };
      return this.notice;
    },
    hide(key) {
      if (this.notice?.key === key) this.notice = null;
    },
  };
  const looks = [];
  const later = (look) => looks.push(look);
  const notice = new AwayNotice({ box, screen: {}, pause: () => {}, later });
  const batch = { workflow: null };
  let runs = true;
  const runsThere = async () => runs;
  notice.elsewhere(batch, false, runsThere);
  await looks.shift()();
  assert.equal(box.notice.summary, "This batch already runs in another tab");
  runs = false;
  await looks.shift()();
  assert.deepEqual([box.notice, looks], [null, []]);
  notice.elsewhere(batch, false, runsThere);
  notice.goesOn(batch); // which is no longer about another tab
  await looks.shift()();
  assert.notEqual(box.notice, null);
  assert.deepEqual(looks, []);
});

test("what runs is held for the batch on the screen, not for one that has left it", () => {
  for (const isThere of [true, false]) {
    const autoQueue = { mode: "instant", runsAll: true, switchOff: () => "instant" };
    const batches = { here: { held: null } };
    const hold = new Hold({ autoQueue, batches, screen: { has: () => isThere } });
    hold.take();
    assert.equal(hold.mode, isThere ? "instant" : null);
  }
});

/** A widget with a control. */
function controlled(name, value, mode) {
  const options = { min: 0, max: 100, step2: 1 };
  const control = { name: "control_after_generate", value: mode, options: { values: ["fixed", "randomize"] } };
  return { name, value, options, linkedWidgets: [control] };
}

/** ComfyUI's page with this workflow, whose subgraph is node 5. */
function page({ before = false } = {}) {
  const seed = controlled("seed", 7, "increment");
  const text = { name: "text", value: "a {b|b}", dynamicPrompts: true, options: {} };
  const inner = controlled("seed", 1, "decrement");
  const subgraph = { id: "sub", nodes: [{ id: 7, widgets: [inner], type: "K" }] };
  const hosted = { name: "noise", value: 40, options: {} };
  const graph = {
    id: "g",
    nodes: [
      { id: 1, type: "K", widgets: [seed, text] },
      { id: 5, type: "sub", widgets: [hosted], subgraph },
    ],
  };
  const made = () => ({
    output: {
      1: { class_type: "K", inputs: { seed: seed.value, text: "a b" } },
      "5:7": { class_type: "K", inputs: { seed: hosted.value } },
    },
    workflow: { nodes: [{ id: 1, widgets_values: [seed.value, "a b"] }, { id: 5 }] },
  });
  const extensionManager = { setting: { get: () => (before ? "before" : "after") } };
  const app = { graph, graphToPrompt: async () => made(), extensionManager };
  return { app, graph, hosted, seed };
}

const valuesOf = ({ output }) => [output[1].inputs.seed, output["5:7"].inputs.seed];

test("each run of a copy has the next values, in a subgraph and in the saved workflow too", async () => {
  const { app, graph, hosted, seed } = page();
  const copy = await copyOf(app);
  const first = copy.next();
  assert.deepEqual(valuesOf(first), [7, 40]);
  assert.equal(first.output[1].inputs.text, "a b");
  const second = copy.next();
  assert.deepEqual(valuesOf(second), [8, 39]);
  assert.equal(second.workflow.nodes[0].widgets_values[0], 8);
  copy.giveBack(graph);
  assert.deepEqual([seed.value, hosted.value], [9, 38]);
});

test("where ComfyUI changes values before a run, a copy does so too", async () => {
  const { app, graph, seed } = page({ before: true });
  const copy = await copyOf(app);
  assert.deepEqual(valuesOf(copy.next()), [8, 39]);
  copy.giveBack(graph);
  assert.equal(seed.value, 9);
});

test("an input with a link is left alone, and a primitive's value is where it goes", async () => {
  const { app, graph } = page();
  const target = { id: 9, inputs: [{ name: "seed", widget: { name: "noise_seed" } }] };
  const primitive = {
    id: 8,
    type: "PrimitiveNode",
    widgets: [controlled("value", 3, "increment")],
    outputs: [{ links: [4] }],
    graph: { getLink: () => ({ target_id: 9, target_slot: 0 }), getNodeById: () => target },
  };
  graph.nodes = [{ id: 1, type: "K", widgets: [controlled("seed", 7, "increment")] }, primitive];
  const output = { 1: { inputs: { seed: ["2", 0] } }, 9: { inputs: { noise_seed: 3 } } };
  app.graphToPrompt = async () => ({ output, workflow: { nodes: [] } });
  const copy = await copyOf(app);
  copy.next();
  const { output: sent } = copy.next();
  assert.deepEqual([sent[1].inputs.seed, sent[9].inputs.noise_seed], [["2", 0], 4]);
});

test("a copy is no trial of one image, even if the last prompt was", async () => {
  const { app } = page();
  const { output, workflow } = await app.graphToPrompt();
  output[1].inputs.batch_loop_card = { try_image: "a.png" };
  app.graphToPrompt = async () => ({ output, workflow });
  const copy = await copyOf(app);
  assert.deepEqual(Object.keys(copy.next().output[1].inputs), ["seed", "text"]);
});

test("nodes that work for the user's account are noticed", async () => {
  const { app, graph } = page();
  assert.equal((await copyOf(app)).needsAccount, false);
  graph.nodes[0].constructor = { nodeData: { api_node: true } };
  assert.equal((await copyOf(app)).needsAccount, true);
});
