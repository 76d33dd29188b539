import assert from "node:assert/strict";
import test from "node:test";
import { MakeBatch } from "../../web/lib/convert/make_batch.js";
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
