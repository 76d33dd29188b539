import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Follower } from "../../web/lib/card/follower.js";
import { IteratorEntry } from "../../web/lib/card/iterator_entry.js";
import { Refused } from "../../web/lib/server.js";

/** A clock that moves when the test says so. */
function newClock() {
  const timers = new Map();
  let at = 0;
  let count = 0;
  return {
    now: () => at,
    setTimer: (turn, ms) => {
      timers.set((count += 1), { turn, due: at + ms });
      return count;
    },
    clearTimer: (timer) => timers.delete(timer),
    async pass(ms) {
      at += ms;
      const due = [...timers].filter(([, timer]) => timer.due <= at);
      for (const [timer, { turn }] of due) {
        timers.delete(timer);
        await turn();
      }
    },
  };
}

function following({ answer = () => false } = {}) {
  const clock = newClock();
  const page = { hidden: false, looks: 0 };
  const look = async () => {
    page.looks += 1;
    return answer();
  };
  const follower = new Follower({ look, isHidden: () => page.hidden, clock });
  return { clock, follower, page };
}

test("what comes in crowds is asked for once", async () => {
  const { clock, follower, page } = following();
  for (let event = 0; event < 9; event += 1) follower.soon();
  await clock.pass(400);
  await clock.pass(60_000);
  assert.equal(page.looks, 1);
});

test("while a person types, nothing is asked", async () => {
  const { clock, follower, page } = following();
  for (let key = 0; key < 5; key += 1) {
    follower.whenSettled();
    await clock.pass(300);
  }
  assert.equal(page.looks, 0);
  await clock.pass(100);
  assert.equal(page.looks, 1);
});

test("while something goes on it is asked now and then, and no longer", async () => {
  let goesOn = true;
  const { clock, follower, page } = following({ answer: () => goesOn });
  follower.soon();
  await clock.pass(400);
  for (let turn = 0; turn < 3; turn += 1) await clock.pass(2_000);
  assert.equal(page.looks, 4);
  goesOn = false;
  await clock.pass(2_000);
  await clock.pass(60_000);
  assert.equal(page.looks, 5);
});

test("while the queue is not empty, something may come", async () => {
  const { clock, follower, page } = following();
  follower.expect(true);
  await clock.pass(400);
  await clock.pass(2_000);
  assert.equal(page.looks, 2);
  follower.expect(false);
  await clock.pass(400);
  await clock.pass(60_000);
  assert.equal(page.looks, 3);
});

test("a page that nobody sees asks nothing until it is seen", async () => {
  const { clock, follower, page } = following({ answer: () => true });
  page.hidden = true;
  follower.soon();
  await clock.pass(60_000);
  assert.equal(page.looks, 0);
  page.hidden = false;
  follower.soon();
  await clock.pass(400);
  assert.equal(page.looks, 1);
});

test("a look that fails does not end the others", async () => {
  const { clock, follower, page } = following({ answer: () => Promise.reject(new Error("away")) });
  follower.expect(true);
  await assert.rejects(clock.pass(400));
  await assert.rejects(clock.pass(2_000));
  assert.equal(page.looks, 2);
});

const REST = {
  id: "l",
  complete: false,
  stands: "paused",
  seconds: 3,
  pending: 2,
  running: 0,
  done: 1,
  failed: 0,
  left: 2,
  total: 3,
  failures: [],
  current: [],
  stopped_on: null,
};
const UNDER_WAY = { ...REST, stands: "running", running: 1, pending: 1, current: [{ path: "b.png", index: 1 }] };

function entryOf({ refusal = null } = {}) {
  const widgets = [
    { name: "directory", value: "in" },
    { name: "limit", value: 0 },
  ];
  const inputs = widgets.map(({ name }) => ({ name }));
  const linked = [];
  const isInputConnected = (slot) => linked.includes(inputs[slot].name);
  const asked = [];
  const server = {
    refusal,
    async folder(settings) {
      asked.push(settings);
      if (server.refusal) throw server.refusal;
      return { directory: "/in", loop: "l", total: 3, first: "a.png", last: "c.png" };
    },
  };
  const shown = [];
  const card = { show: (model, more) => shown.push({ ...model, ...more }) };
  const node = { widgets, inputs, isInputConnected };
  const entry = new IteratorEntry({ node, card, server });
  return { asked, entry, linked, node, server, shown };
}

test("a folder is looked into when the settings change, and not at every look", async () => {
  const { asked, entry, node } = entryOf();
  await entry.look(async () => REST);
  await entry.look(async () => REST);
  node.widgets[1].value = 2;
  await entry.look(async () => REST);
  assert.deepEqual(asked, [
    { directory: "in", limit: 0 },
    { directory: "in", limit: 2 },
  ]);
  entry.lookIntoFolderAgain();
  await entry.look(async () => REST);
  assert.equal(asked.length, 3);
});

test("a loop that has not run is none, until another tab runs it", async () => {
  const { entry, shown } = entryOf();
  await entry.look(async () => null);
  assert.deepEqual([entry.loop, shown.at(-1).headline], [null, "3 images"]);
  await entry.look(async (loop) => ({ ...REST, id: loop }));
  assert.deepEqual([entry.loop, shown.at(-1).phase], ["l", "paused"]);
});

test("what the node spoke of under other settings is another loop", async () => {
  const { entry, node } = entryOf();
  entry.heard("l");
  await entry.look(async () => REST);
  assert.equal(entry.loop, "l");
  node.widgets[0].value = "other";
  assert.equal(entry.loop, null);
});

test("with a linked folder, the loop is what the node spoke of", async () => {
  const { asked, entry, linked, shown } = entryOf();
  linked.push("directory");
  await entry.look(async () => REST);
  assert.deepEqual([asked, entry.loop, shown.at(-1).phase], [[], null, "unknown"]);
  entry.heard("l");
  await entry.look(async () => UNDER_WAY);
  assert.deepEqual([entry.loop, shown.at(-1).headline], ["l", "b.png"]);
});

test("between two images, by the server's word, the last one is still shown", async () => {
  const { entry, shown } = entryOf();
  assert.equal(await entry.look(async () => UNDER_WAY), true);
  assert.equal(await entry.look(async () => ({ ...REST, stands: "running" })), true);
  assert.equal(shown.at(-1).headline, "b.png");
  assert.equal(await entry.look(async () => REST), false);
  assert.equal(shown.at(-1).headline, "2 images left");
});

test("at the end the folder is looked into once more", async () => {
  const { asked, entry } = entryOf();
  await entry.look(async () => UNDER_WAY);
  const complete = { ...REST, pending: 0, done: 3, left: 0, complete: true, stands: "complete" };
  assert.equal(await entry.look(async () => complete), false);
  await entry.look(async () => complete);
  await entry.look(async () => complete);
  assert.equal(asked.length, 2);
});

test("a refusal is shown; a server that is away leaves what was known, and is asked again", async () => {
  const { asked, entry, server, shown } = entryOf({ refusal: new Refused("not allowed", 403) });
  await entry.look(async () => null);
  assert.deepEqual([shown.at(-1).phase, shown.at(-1).detail], ["refused", "not allowed"]);
  server.refusal = new TypeError("Failed to fetch");
  entry.lookIntoFolderAgain();
  await entry.look(async () => undefined);
  assert.equal(shown.at(-1).detail, "not allowed");
  server.refusal = null;
  await entry.look(async () => REST);
  assert.deepEqual([shown.at(-1).phase, asked.length], ["paused", 3]);
});
