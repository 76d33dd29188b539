import assert from "node:assert/strict";
import test from "node:test";
import { Refusals } from "../../web/lib/refusals.js";

/** With a fake ComfyUI that is sending; `look()` lets a while pass. */
function setUp() {
  const app = { processingQueue: true, lastNodeErrors: null };
  const waiting = [];
  const refusals = new Refusals({ app, later: (look) => waiting.push(look) });
  const look = () => waiting.splice(0).forEach((each) => each());
  const refused = [];
  const sending = (name = "it") => refusals.sending(() => refused.push(name));
  return { app, look, refusals, refused, sending, waiting };
}

test("a frontend that stops sending and reports no prompt was refused", () => {
  const { app, look, refused, sending, waiting } = setUp();
  sending();
  look();
  assert.deepEqual(refused, []);
  app.processingQueue = false;
  look();
  assert.deepEqual(refused, ["it"]);
  assert.equal(waiting.length, 0);
});

test("a prompt that was accepted was not refused, even if some of its outputs were left out", () => {
  const { app, look, refusals, refused, sending } = setUp();
  sending();
  look();
  app.lastNodeErrors = { 9: {} };
  refusals.accepted();
  refusals.sent();
  app.processingQueue = false;
  look();
  assert.deepEqual(refused, []);
});

test("a prompt whose acceptance was not reported was not refused if it has no faults", () => {
  const { app, look, refusals, refused, sending } = setUp();
  sending();
  app.lastNodeErrors = {};
  refusals.sent();
  app.processingQueue = false;
  look();
  assert.deepEqual(refused, []);
});

test("a frontend that reports the end of every attempt shows a refusal by the faults", () => {
  const { app, look, refusals, refused, sending } = setUp();
  for (const processing of [undefined, false]) {
    sending();
    app.processingQueue = processing;
    app.lastNodeErrors = { 1: {} };
    refusals.sent();
    refusals.sent();
    look();
  }
  assert.deepEqual(refused, ["it", "it"]);
});

test("of several prompts that are sent at once, the last one decides", () => {
  const { app, look, refused, sending } = setUp();
  sending("first");
  sending("second");
  app.processingQueue = false;
  look();
  assert.deepEqual(refused, ["second"]);
});

test("a frontend that does not show whether it is sending is not watched", () => {
  const { app, look, refused, sending, waiting } = setUp();
  app.processingQueue = undefined;
  sending();
  look();
  assert.deepEqual([refused, waiting.length], [[], 0]);
});
