import assert from "node:assert/strict";
import test from "node:test";
import { InProgress } from "../../web/lib/in_progress.js";
import { TakeBack } from "../../web/lib/take_back.js";

/** A prompt that runs, and has reported on its loop. */
function setUp() {
  const inProgress = new InProgress();
  inProgress.started("p");
  inProgress.heard("l", "p");
  /** The server is lost, and then it is back with a queue of `remaining`, and these own prompts run. */
  const loss = async (remaining, own) => {
    inProgress.queueIs(undefined, unasked);
    return inProgress.queueIs(remaining, async () => own);
  };
  return { inProgress, loss };
}

/** @returns {never} */
function unasked() {
  throw new Error("asked");
}

test("after a loss, the image in progress is still the last before a pause", async () => {
  for (const isEarly of [true, false]) {
    const { inProgress, loss } = setUp();
    const back = loss(1, ["p"]);
    if (isEarly) inProgress.pause("l");
    assert.equal(await back, false);
    assert.equal(await inProgress.queueIs(2, unasked), false); // it is known now
    if (!isEarly) inProgress.pause("l");
    assert.deepEqual([inProgress.isAny, inProgress.pauses("l")], [true, true]);
    assert.equal(inProgress.ended("p"), true);
    assert.deepEqual([inProgress.isAny, inProgress.pauses("l")], [false, false]);
  }
});

test("no image that has ended during a loss is waited for", async () => {
  const { inProgress, loss } = setUp();
  inProgress.pause("l");
  assert.equal(await loss(2, []), true); // somebody else's run
  assert.deepEqual([inProgress.isAny, inProgress.pauses("l")], [false, false]);
  const empty = setUp();
  empty.inProgress.pause("l");
  await empty.loss(0, ["p"]);
  assert.deepEqual([empty.inProgress.isAny, empty.inProgress.pauses("l")], [false, false]);
});

test("a prompt that has begun during a loss is the one in progress", async () => {
  const { inProgress, loss } = setUp();
  assert.equal(await loss(1, ["q"]), true);
  inProgress.pause("l");
  assert.equal(inProgress.pauses("l"), false); // it has yet to report, or to be told apart
  inProgress.isOf("l", ["q"]);
  assert.equal(inProgress.pauses("l"), true);
});

test("as long as ComfyUI does not say what runs, it is asked again, and then no more", async () => {
  const { inProgress, loss } = setUp();
  assert.equal(await loss(1, null), false);
  assert.equal(inProgress.isAny, true);
  assert.equal(await inProgress.queueIs(1, async () => []), true);
  assert.equal(inProgress.isAny, false);
  assert.equal(await inProgress.queueIs(1, unasked), false);
});

test("what is heard after a loss is newer than what ComfyUI has answered", async () => {
  for (const [hear, isAny] of [
    [(inProgress) => inProgress.started("q"), true],
    [(inProgress) => inProgress.ended("p"), false],
  ]) {
    const { inProgress, loss } = setUp();
    const back = loss(1, ["p", "another"]);
    hear(inProgress);
    assert.equal(await back, false);
    assert.equal(inProgress.isAny, isAny);
  }
});

test("the image of a batch that goes on again is not the last one, even if it had yet to report", () => {
  const inProgress = new InProgress();
  inProgress.started("p");
  inProgress.pause("l");
  inProgress.isOf("l", ["p"]);
  assert.equal(inProgress.pauses("l"), true);
  inProgress.goOn("l");
  assert.equal(inProgress.pauses("l"), false);
  assert.equal(inProgress.ended("p"), false);
});

test("the image that runs of a paused batch is its last one, even if it has yet to be heard of", () => {
  for (const goesOn of [false, true]) {
    const inProgress = new InProgress();
    inProgress.pause("l");
    inProgress.isOf("l", ["p"]);
    if (goesOn) inProgress.goOn("l");
    inProgress.started("p");
    assert.deepEqual([inProgress.pauses("l"), inProgress.ended("p")], [!goesOn, !goesOn]);
  }
});

test("an image that was cancelled before its node has reported is that of the loops that are known", () => {
  const inProgress = new InProgress();
  inProgress.started("p");
  assert.equal(inProgress.cancel(["l"]), true);
  assert.deepEqual([inProgress.cancels("l"), inProgress.cancels("m")], [true, false]);
  assert.equal(inProgress.ended("p"), true);
});

test("the prompts of this page that run are those that it has sent", async (t) => {
  t.mock.method(console, "warn", () => {});
  const entry = (id, client_id) => [1, id, {}, { client_id }];
  let answer = { queue_pending: [entry("waits", "me")], queue_running: [entry("a", "you"), entry("b", "me")] };
  const api = { clientId: "me", fetchApi: async () => new Response(JSON.stringify(answer)) };
  const takeBack = new TakeBack({ api, toasts: {} });
  assert.deepEqual(await takeBack.running(), ["b"]);
  answer = { queue_pending: [] };
  assert.deepEqual(await takeBack.running(), []);
  api.fetchApi = async () => new Response("<html>", { status: 502 });
  assert.equal(await takeBack.running(), null);
});
