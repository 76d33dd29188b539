import assert from "node:assert/strict";
import test from "node:test";
import { LeftOut } from "../../web/lib/left_out.js";
import "./english.mjs";

const FAULT = { message: "Required input is missing", details: "filename_prefix" };
const ERRORS = {
  9: { class_type: "SaveImage", errors: [FAULT], dependent_outputs: ["9", "5:7"] },
};

/** A `LeftOut` with a fake workflow and Auto Queue. */
function setUp(lastNodeErrors) {
  const app = { lastNodeErrors };
  const autoQueue = { offs: 0, switchOff: () => (autoQueue.offs += 1) };
  const nodes = { "5:7": { comfyClass: "BatchLoopLoopEnd" }, 9: { title: "My result" } };
  const screen = { find: (id) => nodes[id] ?? null };
  const told = [];
  const toasts = { show: (_key, message) => told.push(message), hide: () => {} };
  return { app, autoQueue, told, leftOut: new LeftOut({ app, autoQueue, screen, toasts }) };
}

test("a prompt accepted without Loop End ends Auto Queue, and the faulty node is named", () => {
  const { autoQueue, leftOut, told } = setUp(ERRORS);
  leftOut.sending();
  leftOut.accepted();
  assert.equal(autoQueue.offs, 1);
  assert.equal(told.length, 1);
  assert.equal(told[0].severity, "error");
  assert.match(told[0].detail, /^My result #9: Required input is missing: filename_prefix\n/);
});

test("for a prompt that is refused entirely, ComfyUI's own message is enough", () => {
  const { app, autoQueue, leftOut, told } = setUp(ERRORS);
  leftOut.sending();
  // It is not accepted, and the next one has no faults.
  leftOut.sending();
  app.lastNodeErrors = {};
  leftOut.accepted();
  assert.deepEqual([autoQueue.offs, told], [0, []]);
});

test("outputs that Loop End does not need may be dropped, and valid prompts show nothing", () => {
  const other = { 9: { ...ERRORS[9], dependent_outputs: ["9"] } };
  for (const errors of [other, {}, null]) {
    const { autoQueue, leftOut, told } = setUp(errors);
    leftOut.sending();
    leftOut.accepted();
    assert.deepEqual([autoQueue.offs, told], [0, []]);
  }
});
