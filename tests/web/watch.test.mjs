import assert from "node:assert/strict";
import test from "node:test";
import { polling } from "./clock.mjs";
import "./english.mjs";
import { Runs } from "../../web/lib/runs.js";
import { Screen } from "../../web/lib/screen.js";
import { Refused } from "../../web/lib/requests.js";
import { Watch } from "../../web/lib/watch.js";

/** A watch that looks on `look()`; `answers` are the server's, and the last one repeats. */
function setUp(answers = [{ next: "watch", ready: 0 }]) {
  const autoQueue = {
    mode: "instant-idle",
    did: [],
    goOn(mode, images) {
      this.did.push([mode, images]);
    },
    goesOnAway: false,
    canGoOn() {
      return this.goesOnAway;
    },
  };
  const shown = [];
  const toasts = {
    show: (key, toast) => shown.push(toast.summary),
    showUntilSeen: (key, toast) => shown.push(toast.summary),
    hide: () => shown.push("hidden"),
  };
  const server = {
    asked: 0,
    async watch() {
      this.asked += 1;
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    loopsOf: async ([id]) => {
      const loop = await server.watch();
      return loop ? [{ id, ...loop }] : [];
    },
  };
  const screen = { open: true, node: () => (screen.open ? "node" : null) };
  const button = { shown: false, show: () => (button.shown = true), hide: () => (button.shown = false) };
  const { clock, poller } = polling(server);
  const parts = { autoQueue, stopping: autoQueue };
  const watch = new Watch({ poller, ...parts, toasts, screen, button });
  const look = () => clock.pass(2_000);
  return { autoQueue, button, look, screen, server, shown, watch };
}

const LOOP = { loop: "l", directory: "/in" };
const RUN = { watched: [LOOP] };

/** A run whose Directory Iterators, and then Batch Completes, report these as `next`. */
function taken(loops) {
  const runs = new Runs();
  for (const [loop, [next, later]] of Object.entries(loops)) {
    runs.note("p", { kind: "iteration", loop, next });
    if (later) runs.note("p", { kind: "progress", loop, next: later });
  }
  return runs.take("p");
}

const said = (loops) => taken(loops).watched.map(({ loop }) => loop);
const awaited = (loops) => taken(loops).awaited.map(({ loop }) => loop);

test("a run asks to watch complete loops, if there are no others", () => {
  assert.deepEqual(said({ a: ["watch"] }), ["a"]);
  assert.deepEqual(said({ a: ["go", "watch"] }), ["a"]);
  assert.deepEqual(said({ a: ["stop"] }), []);
  assert.deepEqual(said({ a: ["go", "go"] }), []);
  assert.deepEqual(said({ a: ["watch"], b: ["stop"] }), ["a"]);
  assert.deepEqual(said({ a: ["watch"], b: ["go"] }), []);
});

test("a run waits for loops that other servers finish, if nothing is left to do here", () => {
  assert.deepEqual(awaited({ a: ["go", "wait"] }), ["a"]);
  assert.deepEqual(awaited({ a: ["wait"] }), ["a"]);
  assert.deepEqual(said({ a: ["go", "wait"] }), []);
  assert.deepEqual(awaited({ a: ["go", "wait"], b: ["go", "stop"] }), ["a"]);
  assert.deepEqual(awaited({ a: ["wait"], b: ["watch"] }), ["a"]);
  assert.deepEqual(awaited({ a: ["wait"], b: ["go", "go"] }), []);
  assert.deepEqual(awaited({ a: ["wait"], b: ["go"] }), []);
  assert.deepEqual(awaited({ a: ["go", "stop"] }), []);
});

test("it asks until there are images, and then goes on in the previous mode", async () => {
  const { autoQueue, button, look, shown, watch } = setUp([{ next: "watch", ready: 0 }, { next: "go", ready: 2 }]);
  assert.equal(watch.stopped(RUN, "instant-running"), true);
  assert.deepEqual(shown, ["Watching /in for more"]);
  assert.equal(button.shown, true);
  await look();
  assert.deepEqual(autoQueue.did, []);
  await look();
  assert.deepEqual(autoQueue.did, [["instant-running", 2]]);
  assert.deepEqual([watch.on, button.shown, shown.at(-1)], [false, false, "hidden"]);
});

test("without Auto Queue, or without Watch, nothing is watched", async () => {
  const { look, server, watch } = setUp();
  assert.equal(watch.stopped(RUN, null), false);
  assert.equal(watch.stopped({ watched: [] }, "instant"), false);
  await look();
  assert.equal(server.asked, 0);
});

test("a late prompt changes nothing; a stop for another reason ends the watch", async () => {
  const { watch } = setUp();
  watch.stopped(RUN, "instant-running");
  assert.equal(watch.stopped(RUN, null), true);
  assert.equal(watch.stopped({ watched: [] }, null), false);
});

for (const [what, act] of [
  ["Stop watching, Run or Cancel", ({ watch }) => watch.end()],
  ["another mode", ({ autoQueue }) => (autoQueue.mode = "disabled")],
]) {
  test(`${what} ends it, also while the server looks`, async () => {
    for (const during of [false, true]) {
      const all = setUp([{ next: "go", ready: 1 }]);
      all.watch.stopped(RUN, "instant-running");
      if (!during) act(all);
      const looked = all.look();
      if (during) act(all);
      await looked;
      assert.deepEqual(all.autoQueue.did, []);
      assert.equal(all.watch.on, false);
      await all.look();
      assert.equal(all.server.asked, during ? 1 : 0);
    }
  });
}

test("another workflow on screen is not queued", async () => {
  const { autoQueue, look, screen, watch } = setUp([{ next: "go", ready: 1 }]);
  watch.stopped(RUN, "instant-running");
  screen.open = false;
  await look();
  assert.deepEqual([autoQueue.did, watch.on], [[], true]);
  screen.open = true;
  await look();
  assert.deepEqual(autoQueue.did, [["instant-running", 1]]);
});

test("a server that is away is asked again; a missing folder is shown once", async () => {
  const gone = new Refused("gone", 400);
  const { look, shown, watch } = setUp([new TypeError("no network"), gone, gone]);
  watch.stopped(RUN, "instant");
  await look();
  assert.equal(shown.length, 1);
  await look();
  await look();
  assert.deepEqual(shown.slice(1), ["Watching, but the folder cannot be read"]);
  assert.equal(watch.on, true);
});

test("a loop that the server has forgotten ends it", async () => {
  const { look, shown, watch } = setUp([new Refused("unknown", 404)]);
  watch.stopped(RUN, "instant");
  await look();
  assert.equal(watch.on, false);
  assert.equal(shown.at(-1), "No longer watching");
});

const BUSY = { next: "wait", pending: 0, unpaired: 0 };
const WAITING = "Waiting for other servers: they are finishing the batch";

for (const [what, state, prompts] of [
  ["images come back", { next: "go", pending: 3, unpaired: 1 }, 2],
  ["the batch is complete", { next: "stop", pending: 0, unpaired: 0 }, 1],
]) {
  test(`other servers are waited for until ${what}`, async () => {
    const { autoQueue, button, look, shown, watch } = setUp([BUSY, BUSY, state]);
    watch.awaits([LOOP], "instant-running");
    assert.deepEqual(shown, [WAITING]);
    assert.equal(button.shown, false, "there is no folder that is watched");
    await look();
    await look();
    assert.deepEqual([autoQueue.did, watch.on], [[], true]);
    await look();
    assert.deepEqual(autoQueue.did, [["instant-running", prompts]]);
    assert.deepEqual([watch.on, shown], [false, [WAITING, "hidden"]]);
  });
}

test("without Auto Queue other servers are not waited for, nor is a wait ended", () => {
  const { shown, watch } = setUp();
  watch.awaits([LOOP], null);
  assert.deepEqual([watch.on, shown], [false, []]);
  watch.awaits([LOOP], "instant");
  watch.awaits([LOOP], null);
  assert.deepEqual([watch.on, shown], [true, [WAITING]]);
});

for (const [what, act] of [
  ["Run or Cancel", ({ watch }) => watch.end()],
  ["another mode", ({ autoQueue }) => (autoQueue.mode = "disabled")],
  ["a verdict", ({ watch }) => watch.stopped({ watched: [] }, null)],
]) {
  test(`${what} ends waiting for other servers`, async () => {
    const all = setUp([{ next: "go", pending: 1, unpaired: 0 }]);
    all.watch.awaits([LOOP], "instant-running");
    act(all);
    await all.look();
    assert.deepEqual([all.autoQueue.did, all.watch.on, all.server.asked], [[], false, 0]);
  });
}

test("waiting goes on if the server is away, not if it has forgotten the batch", async () => {
  const busy = new Refused("no room", 503);
  const { look, shown, watch } = setUp([new TypeError("no network"), busy, null]);
  watch.awaits([LOOP], "instant");
  await look();
  assert.deepEqual(shown, [WAITING]);
  await look();
  assert.equal(shown.at(-1), "Waiting for other servers, but their progress cannot be read");
  assert.equal(watch.on, true);
  await look();
  assert.equal(watch.on, false);
  assert.equal(shown.at(-1), "No longer waiting for other servers");
});

test("the node of a loop is the one that reported on it, as long as its folder is the same", () => {
  const directory = { name: "directory", value: "in" };
  const node = { type: "T", widgets: [directory, { name: "loop_name", value: "" }] };
  const app = { graph: { getNodeById: (id) => (id === "7" ? node : null) } };
  const screen = new Screen(app);
  assert.equal(screen.node("l"), null);
  assert.equal(screen.note("7", "l"), node);
  assert.equal(screen.note("8", "m"), null);
  assert.equal(screen.node("l"), node);
  directory.value = "other";
  assert.equal(screen.node("l"), null);
});
