import assert from "node:assert/strict";
import test from "node:test";
import { soon } from "../../web/lib/soon.js";

test("what is to run soon runs in order, each in a task of its own", async () => {
  const ran = [];
  await new Promise((over) => {
    for (const name of ["one", "two", "three"]) {
      soon(() => {
        ran.push(name);
        // Before the next task, and after nothing else.
        queueMicrotask(() => ran.push(`after ${name}`));
      });
    }
    soon(() => soon(over));
    assert.deepEqual(ran, []);
  });
  const names = ["one", "after one", "two", "after two", "three", "after three"];
  assert.deepEqual(ran, names);
});

test("what comes in a burst shares what it takes", async (t) => {
  const before = globalThis.MessageChannel;
  let opened = 0;
  globalThis.MessageChannel = class extends before {
    constructor() {
      super();
      opened += 1;
    }
  };
  t.after(() => (globalThis.MessageChannel = before));
  await Promise.all([new Promise(soon), new Promise(soon), new Promise(soon)]);
  assert.equal(opened, 1);
});
