import assert from "node:assert/strict";
import test from "node:test";
import { EarlierPrompts } from "../../web/lib/earlier_prompts.js";
import { Refused } from "../../web/lib/requests.js";

const WHICH = { directory: "in", loop_name: "" };

const nextTask = () => new Promise((resume) => setImmediate(resume));

/** What ComfyUI's queue holds of this page, in `queue`, and how often that has changed. */
function setUp(queue) {
  const page = { queue, asked: [], changes: 0, looks: 0 };
  page.earlier = new EarlierPrompts({
    async waiting() {
      page.looks += 1;
      return page.queue;
    },
    async loopOf({ directory }) {
      page.asked.push(directory);
      return directory === "gone" ? null : `loop of ${directory}`;
    },
    changed: () => (page.changes += 1),
  });
  return page;
}

test("a loop waits in the place of the next of its prompts, until the last one has left", async () => {
  const other = { directory: "other", loop_name: "" };
  const page = setUp([
    { prompt: "a", before: 1, which: [WHICH, { directory: "gone", loop_name: "" }] },
    { prompt: "b", before: 3, which: [other, WHICH] },
  ]);
  const { earlier } = page;
  const places = () => ["in", "other", "gone"].map((name) => earlier.placeOf(`loop of ${name}`)?.before);
  assert.deepEqual(places(), [undefined, undefined, undefined]);
  await earlier.look();
  assert.deepEqual(places(), [1, 3, undefined]);
  // What is sent later is known otherwise.
  page.queue = [{ prompt: "b", before: 2, which: [other, WHICH] }, { prompt: "c", before: 3, which: [WHICH] }];
  await earlier.look();
  assert.deepEqual([places(), page.changes], [[2, 2, undefined], 2]);
  page.queue = [{ prompt: "c", before: 0, which: [WHICH] }];
  await earlier.look();
  assert.deepEqual([places(), page.changes], [[undefined, undefined, undefined], 3]);
  await earlier.look();
  assert.deepEqual([page.looks, page.changes, page.asked], [3, 3, ["in", "gone", "other"]]);
});

test("with nothing in the queue at first, nobody looks again", async () => {
  const page = setUp([]);
  await page.earlier.look();
  await page.earlier.look();
  assert.deepEqual([page.looks, page.changes], [1, 0]);
});

test("where ComfyUI does not say what waits, that is asked again", async () => {
  const page = setUp(null);
  await page.earlier.look();
  page.queue = [{ prompt: "a", before: 0, which: [WHICH] }];
  await page.earlier.look();
  assert.deepEqual(page.earlier.placeOf("loop of in"), { before: 0, isNew: false });
});

/** A server that answers when the test says so, by `answers`, with what is in its `queue`. */
function slowQueue() {
  const answers = [];
  const earlier = new EarlierPrompts({
    waiting: () => new Promise((answer) => answers.push(answer)),
    loopOf: async () => "l",
    changed() {},
  });
  const queue = (before) => [{ prompt: "a", before, which: [WHICH] }];
  return { answers, earlier, queue };
}

test("an answer that comes late does not take the place of a newer one", async () => {
  const { answers, earlier, queue } = slowQueue();
  void earlier.look();
  void earlier.look();
  answers[1](queue(1));
  await nextTask();
  answers[0](queue(2));
  await nextTask();
  assert.equal(earlier.placeOf("l").before, 1);
});

test("where prompts end faster than the server answers, it is asked once, and the places are known", async () => {
  const names = ["a", "b", "c", "d"];
  const answers = [];
  let queue = [];
  let changes = 0;
  const earlier = new EarlierPrompts({
    waiting: async () => queue,
    loopOf: () => new Promise((answer) => answers.push(answer)),
    changed: () => (changes += 1),
  });
  for (const ended of [0, 1]) {
    const left = names.slice(ended);
    queue = left.map((prompt, place) => ({ prompt, before: 2 - ended + place, which: [WHICH] }));
    void earlier.look();
    await nextTask();
  }
  answers[0]("l");
  await nextTask();
  assert.deepEqual([earlier.placeOf("l")?.before, changes], [1, 1]);
  void earlier.look();
  await nextTask();
  assert.deepEqual([answers.length, changes], [1, 2]);
});

test("what waits is told in the order of the looks, though each takes longer than a prompt", async () => {
  const { answers, earlier, queue } = slowQueue();
  void earlier.look();
  for (const before of [3, 2, 1]) {
    void earlier.look();
    answers.shift()(queue(before));
    await nextTask();
    assert.equal(earlier.placeOf("l")?.before, before);
  }
});

test("what the server does not say yet is asked again at the next look, what it refuses is not", async () => {
  const folderIsAway = new Refused("no such folder", 400, "folder_not_found");
  const errors = [new TypeError("unreachable"), new Refused("busy", 503), folderIsAway, new Refused("not allowed", 403)];
  for (const error of errors) {
    let asked = 0;
    const earlier = new EarlierPrompts({
      waiting: async () => [{ prompt: "a", before: 1, which: [WHICH] }],
      async loopOf() {
        asked += 1;
        if (asked === 1) throw error;
        return "l";
      },
      changed() {},
    });
    for (let looks = 0; looks < 3; looks += 1) await earlier.look();
    const isRefused = error.status === 403;
    const before = earlier.placeOf("l")?.before;
    assert.deepEqual([asked, before], isRefused ? [1, undefined] : [2, 1], error.message);
  }
});
