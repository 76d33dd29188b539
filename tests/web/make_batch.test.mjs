import assert from "node:assert/strict";
import test from "node:test";
import { MakeBatch } from "../../web/lib/convert/make_batch.js";
import { Screen } from "../../web/lib/screen.js";
import "./english.mjs";

/** A page whose workflow is a Load Image, and on which ComfyUI creates no node. */
function setUp({ changes }) {
  const node = {
    id: 1,
    type: "LoadImage",
    inputs: [],
    outputs: [{ name: "IMAGE", type: "IMAGE" }],
    widgets_values: ["a.png"],
  };
  const workflow = { nodes: [node], links: [] };
  const did = [];
  const graph = {
    serialize: () => structuredClone(workflow),
    getNodeById: () => ({ pos: [0, 0], constructor: {} }),
  };
  const app = {
    graph,
    canvas: { emitBeforeChange() {}, emitAfterChange() {}, setDirty() {} },
    extensionManager: { command: { execute: async (command) => did.push(command) } },
  };
  const make = () => {
    if (changes) workflow.nodes.push({ id: 2 });
    return null;
  };
  const toasts = { show: (_key, { severity }) => did.push(severity) };
  const makeBatch = new MakeBatch({ app, make, toasts });
  return { did, makeBatch, node: { id: 1, graph }, app, workflow };
}

test("a conversion that fails takes back what it has changed, and nothing of the user's", async () => {
  for (const [changes, expected] of [
    [true, ["Comfy.Undo", "error"]],
    [false, ["error"]],
  ]) {
    const { did, makeBatch, node } = setUp({ changes });
    await makeBatch.of(node);
    assert.deepEqual(did, expected);
  }
});

test("what is planned is the workflow as it is when it is changed", async () => {
  const { did, makeBatch, node, app, workflow } = setUp({ changes: false });
  const converted = makeBatch.of(node);
  workflow.nodes.length = 0; // while ComfyUI notes earlier changes
  await converted;
  assert.deepEqual(did, ["warn"]);
  workflow.nodes.push({ id: 1, type: "LoadImage", inputs: [], outputs: [] });
  app.extensionManager.workflow = { activeWorkflow: { filename: "mine" } };
  const other = makeBatch.of(node);
  app.extensionManager.workflow.activeWorkflow = { filename: "another" };
  await other;
  assert.deepEqual(did, ["warn", "warn"]);
});

/** A page on which a Load Image can become a batch; `workflow` is ComfyUI's object of its tab. */
function ableTo(t) {
  globalThis.document = { querySelector: () => null };
  globalThis.CSS = { escape: String };
  t.after(() => {
    delete globalThis.document;
    delete globalThis.CSS;
  });
  const nodes = [
    { id: 1, type: "LoadImage", comfyClass: "LoadImage", pos: [0, 0], size: [0, 0], constructor: {} },
  ];
  const graph = {
    id: "g",
    nodes,
    serialize: () => ({
      nodes: nodes.map(({ id, type }) => ({ id, type, inputs: [], outputs: [] })),
      links: [],
    }),
    getNodeById: (id) => nodes.find((node) => node.id === id),
    add: (node) => nodes.push(Object.assign(node, { id: 2 })),
    remove: (node) => nodes.splice(nodes.indexOf(node), 1),
  };
  const workflow = { filename: "mine" };
  const canvas = { emitBeforeChange() {}, emitAfterChange() {}, setDirty() {}, selectNode() {} };
  const app = { graph, canvas, extensionManager: { workflow: { activeWorkflow: workflow } } };
  const make = (type) => ({
    type,
    comfyClass: type,
    size: [0, 0],
    widgets: [],
    inputs: [],
    outputs: [],
    computeSize: () => [0, 0],
    setSize() {},
  });
  const shown = new Map();
  const toasts = {
    show: (key, { summary }) => shown.set(key, summary),
    hide: (key) => shown.delete(key),
  };
  const chooser = { choose: async () => "" };
  const makeBatch = new MakeBatch({ app, make, toasts, chooser });
  return { app, makeBatch, node: { id: 1, graph }, shown };
}

test("what is said of a new batch is not said of another workflow with the same nodes", async (t) => {
  const others = {
    "another in its tab": (app) => (app.graph.id = "another"),
    "another tab": (app) => (app.extensionManager.workflow.activeWorkflow = { filename: "mine" }),
    "a state before": (app) => app.graph.nodes.pop(),
  };
  for (const [what, comes] of Object.entries(others)) {
    const { app, makeBatch, node, shown } = ableTo(t);
    await makeBatch.of(node);
    const said = [...shown.values()];
    assert.deepEqual(said, ["No Save Image depends on this image"]);
    makeBatch.look(); // loaded again, as by the undo of a later step
    assert.deepEqual([...shown.values()], said);
    comes(app);
    makeBatch.look();
    assert.deepEqual([...shown.values()], [], what);
  }
});

test("a node that can be seen as a whole does not move the canvas", async (t) => {
  const rect = (left, top, right, bottom) => ({ getBoundingClientRect: () => ({ left, top, right, bottom }) });
  const free = rect(300, 40, 1280, 720); // beside a side panel
  globalThis.document = { querySelector: (name) => (name === ".graph-canvas-panel" ? free : null) };
  t.after(() => delete globalThis.document);
  const did = [];
  const canvas = {
    canvas: rect(0, 0, 1280, 720),
    ds: { convertOffsetToCanvas: ([x, y]) => [x / 2 + 100, y / 2] },
    deselectAll() {},
    selectNode: () => did.push("selected"),
    centerOnNode: () => did.push("centered"),
    setDirty() {},
  };
  const screen = new Screen({ canvas }, { nextFrame: async () => {} });
  const size = [300, 500];
  for (const [pos, unlessSeen, expected] of [
    [[400, 110], true, ["selected"]],
    [[400, 110], false, ["selected", "centered"]],
    [[390, 110], true, ["selected", "centered"]], // below the side panel
    [[400, 100], true, ["selected", "centered"]], // its title is not
    [[2100, 110], true, ["selected", "centered"]],
    [[400, 960], true, ["selected", "centered"]],
  ]) {
    did.length = 0;
    await screen.goTo({ pos, size }, { unlessSeen });
    assert.deepEqual(did, expected, String(pos));
  }
});
