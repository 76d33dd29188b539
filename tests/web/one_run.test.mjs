import assert from "node:assert/strict";
import test from "node:test";
import { AutoQueue } from "../../web/lib/auto_queue.js";
import { LOOP, setUp } from "./gate_page.mjs";

/**
 * A gate whose page runs nothing, on ComfyUI's own modes of Run: of an older frontend, with its old
 * menu if `isChecked` tells its checkbox.
 */
async function idle({ mode = "instant", isChecked } = {}) {
  const settings = { mode: "instant", batchCount: 1 };
  const sent = [];
  /** What ComfyUI answers, when a test lets it. */
  const answers = [];
  const app = {
    ui: { batchCount: 1 },
    extensionManager: { queueSettings: settings },
    async queuePrompt() {
      sent.push(chosen());
      await new Promise((resolve) => answers.push(resolve));
    },
  };
  const chosen = () => (isChecked === undefined ? settings.mode : Boolean(app.ui.autoQueueEnabled));
  const button = { getClientRects: () => (isChecked === undefined ? [] : [{}]) };
  const elements = { querySelector: () => null, getElementById: (id) => (id === "queue-button" ? button : null) };
  const autoQueue = new AutoQueue(app, () => elements);
  const page = await setUp({ autoQueue });
  const { gate, turn } = page;
  gate.stopping.switchOff([LOOP.loop]);
  settings.mode = isChecked === undefined ? mode : "disabled";
  app.ui.autoQueueEnabled = isChecked;
  gate.queueIs(0);
  await turn();
  const status = async (remaining) => {
    gate.queueIs(remaining);
    const decides = chosen(); // as ComfyUI does in the same turn
    await turn();
    return decides;
  };
  /** ComfyUI sends; `during` is what happens until it answers. */
  const send = async ({ isRefused = false, during = () => {} } = {}) => {
    gate.sending();
    await during();
    if (!isRefused) gate.accepted();
    answers.shift()?.();
    await turn();
  };
  return { ...page, app, chosen, send, sent, settings, status };
}

for (const [given, on, off] of [
  [{}, "instant", "disabled"],
  [{ isChecked: true }, true, false],
]) {
  test(`one prompt is one run where ${given.isChecked ? "the old menu's checkbox is set" : "Run (Instant) is chosen"}`, async () => {
    const { chosen, gate, send, sent, status } = await idle(given);
    gate.queueOne();
    await send();
    assert.deepEqual([sent, chosen()], [[off], off]);
    assert.equal(await status(1), off);
    assert.equal(chosen(), off);
    assert.equal(await status(0), off); // ComfyUI queues nothing
    assert.equal(chosen(), on); // what the person has chosen
    assert.equal(gate.goesOn(LOOP.loop), false);
  });
}

test("what other prompts in the queue do says nothing of it", async () => {
  const { chosen, gate, send, status } = await idle();
  await status(1);
  gate.queueOne();
  assert.equal(await status(0), "disabled"); // the other one ends before this is sent
  await send({ during: () => status(0) });
  assert.equal(chosen(), "disabled");
  for (const remaining of [1, 2, 1]) assert.equal(await status(remaining), "disabled");
  assert.equal(await status(0), "disabled");
  assert.equal(chosen(), "instant");
});

test("it may have ended before ComfyUI's page has finished sending", async () => {
  const { chosen, gate, send, status } = await idle();
  gate.queueOne();
  const during = async () => {
    await status(1);
    await status(0);
    assert.equal(chosen(), "disabled");
  };
  await send({ during });
  assert.equal(chosen(), "instant");
});

test("if ComfyUI refuses it, the choice is back at once, or once the queue is empty", async () => {
  const { chosen, gate, send, status } = await idle();
  gate.queueOne();
  await send({ isRefused: true });
  assert.equal(chosen(), "instant");
  await status(1);
  gate.queueOne();
  await send({ isRefused: true });
  assert.equal(chosen(), "disabled");
  assert.equal(await status(0), "disabled");
  assert.equal(chosen(), "instant");
});

test("of two, the choice is back after the last", async () => {
  const { chosen, gate, send, status } = await idle();
  gate.queueOne();
  await send();
  await status(1);
  gate.queueOne();
  await send();
  for (const remaining of [2, 1]) await status(remaining);
  assert.equal(chosen(), "disabled");
  await status(0);
  assert.equal(chosen(), "instant");
  gate.queueOne();
  gate.queueOne(); // by a second click, of which ComfyUI's page sends both one after the other
  await send({ isRefused: true });
  assert.equal(chosen(), "disabled");
  await send();
  await status(1);
  await status(0);
  assert.equal(chosen(), "instant");
});

test("a server that is lost meanwhile is waited for", async () => {
  const { chosen, gate, send, status } = await idle();
  gate.queueOne();
  await send();
  await status(undefined);
  assert.equal(chosen(), "disabled");
  await status(0);
  assert.equal(chosen(), "instant");
});

test("another mode that a person has chosen meanwhile stays", async () => {
  const { chosen, gate, send, settings, status } = await idle();
  gate.queueOne();
  await send();
  await status(1);
  settings.mode = "change";
  await status(0);
  assert.equal(chosen(), "change");
  settings.mode = "disabled";
  await status(0);
  assert.equal(chosen(), "disabled");
});

test("Run that is pressed meanwhile is in the mode that was chosen", async () => {
  for (const press of [(gate) => gate.sending(), (gate) => void gate.start()]) {
    const { autoQueue, chosen, gate, send, status } = await idle();
    gate.queueOne();
    await send();
    await status(1);
    press(gate);
    assert.equal(chosen(), "instant");
    await send();
    gate.heard(LOOP, "q");
    for (const remaining of [2, 1]) await status(remaining);
    assert.deepEqual([gate.goesOn(LOOP.loop), await status(0), chosen()], [true, "instant", "instant"]);
    autoQueue.showStopped();
    assert.equal(chosen(), "instant"); // it is the person's
  }
});

test("it changes nothing where a batch goes on, or where one press of Run is one run anyway", async () => {
  const { gate, screen, send, sent } = await idle();
  await send(); // Run
  gate.queueOne();
  assert.deepEqual(sent, ["instant"]);
  screen.workflow = "another"; // which has just come
  gate.queueOne();
  assert.deepEqual(sent, ["instant", "disabled"]);
  for (const mode of ["disabled", "change", "instant-idle", "instant-running"]) {
    const page = await idle({ mode });
    page.gate.queueOne();
    assert.deepEqual(page.sent, [mode]);
  }
});
