import assert from "node:assert/strict";
import test from "node:test";
import { LeftOut } from "../../web/lib/left_out.js";
import "./english.mjs";

const FAULT = { message: "Required input is missing", details: "filename_prefix" };
const ERRORS = {
  9: { class_type: "SaveImage", errors: [FAULT], dependent_outputs: ["9", "5:7"] },
};

/** A node whose `loop` comes from another, if it is given one. */
function nodeAfter(comfyClass, before = null) {
  const inputs = before ? [{ name: "loop" }] : [];
  return { comfyClass, title: comfyClass, inputs, graph: {}, getInputNode: () => before };
}

/** A `LeftOut` with a fake workflow and Auto Queue. */
function setUp(lastNodeErrors, { more = {} } = {}) {
  const app = { lastNodeErrors, graph: { nodes: Object.values(more) } };
  const stopping = { offs: 0, stopHere: () => (stopping.offs += 1) };
  const title = "Loop End";
  const nodes = { "5:7": { comfyClass: "BatchLoopLoopEnd", title }, 9: { title: "My result" } };
  const screen = { find: (id) => ({ ...nodes, ...more })[id] ?? null };
  const told = [];
  const toasts = { show: (_key, message) => told.push(message), hide: () => {} };
  return { app, stopping, told, leftOut: new LeftOut({ app, screen, stopping, toasts }) };
}

test("a prompt accepted without Loop End ends Auto Queue, and the faulty node is named", () => {
  const { leftOut, stopping, told } = setUp(ERRORS);
  leftOut.sending();
  leftOut.accepted();
  assert.equal(stopping.offs, 1);
  assert.equal(told.length, 1);
  assert.equal(told[0].severity, "error");
  assert.match(told[0].summary, /left Loop End out/);
  assert.match(told[0].detail, /^My result #9: Required input is missing: filename_prefix\n/);
});

test("a Save Image (Batch) counts as well, where no Loop End follows its Directory Iterator", () => {
  const errors = { 9: { ...ERRORS[9], dependent_outputs: ["4"] } };
  const first = nodeAfter("BatchLoopDirectoryIterator");
  const other = nodeAfter("BatchLoopDirectoryIterator");
  const saver = nodeAfter("BatchLoopSaveImage", first);
  for (const [ends, offs] of [
    [[], 1],
    [[nodeAfter("BatchLoopLoopEnd", other)], 1],
    [[nodeAfter("BatchLoopLoopEnd", first)], 0],
    [[nodeAfter("BatchLoopLoopEnd")], 0],
  ]) {
    const { leftOut, stopping, told } = setUp(errors, { more: { 4: saver, 6: ends[0] ?? first } });
    leftOut.accepted();
    assert.equal(stopping.offs, offs);
    if (offs) assert.match(told[0].summary, /left BatchLoopSaveImage out/);
  }
});

test("for a prompt that is refused entirely, ComfyUI's own message is enough", () => {
  const { app, leftOut, stopping, told } = setUp(ERRORS);
  leftOut.sending();
  // It is not accepted, and the next one has no faults.
  leftOut.sending();
  app.lastNodeErrors = {};
  leftOut.accepted();
  assert.deepEqual([stopping.offs, told], [0, []]);
});

test("outputs that Loop End does not need may be dropped, and valid prompts show nothing", () => {
  const other = { 9: { ...ERRORS[9], dependent_outputs: ["9"] } };
  for (const errors of [other, {}, null]) {
    const { leftOut, stopping, told } = setUp(errors);
    leftOut.sending();
    leftOut.accepted();
    assert.deepEqual([stopping.offs, told], [0, []]);
  }
});
