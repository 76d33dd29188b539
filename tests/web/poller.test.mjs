import assert from "node:assert/strict";
import test from "node:test";
import { polling } from "./clock.mjs";
import { REFUSED_MS, REST_MS, SELDOM_MS } from "../../web/lib/poller.js";
import { LOOPS, arrivalsOf, folderOf, loopOf } from "../../web/lib/questions.js";
import { Refused } from "../../web/lib/requests.js";

/** A poller, the questions that its server got, and parts of the page that get answers. */
function setUp(stands = "paused") {
  const found = { stands, asked: [], error: null };
  const answer = async (question, value) => {
    found.asked.push(question);
    if (found.error) throw found.error;
    return value;
  };
  const loop = (id) => ({ id, stands: found.stands, running: found.running ?? 0, finishing: found.finishing ?? 0 });
  const server = {
    loops: () => answer("loops", { now: 1, loops: [loop("l")] }),
    loopsOf: (ids) => answer(ids.join(), ids.filter((id) => id !== "gone").map(loop)),
    watch: (id) => answer(`arrivals of ${id}`, { ready: 0 }),
    folder: ({ directory }) => answer(`folder ${directory}`, { total: 3 }),
  };
  const all = polling(server);
  const follow = (questions, wish = {}) => {
    const told = [];
    const following = all.poller.follow({
      questions: () => questions,
      told: (answers) => told.push(...answers),
      ...wish,
    });
    following.renew();
    return { following, questions, told };
  };
  /** The questions asked within some time. */
  const askedIn = async (ms) => {
    found.asked.length = 0;
    await all.clock.pass(ms);
    return [...found.asked];
  };
  return { ...all, found, follow, askedIn };
}

test("a question of several parts is asked once, and all get the answer", async () => {
  const { askedIn, follow } = setUp();
  const one = follow([loopOf("l"), loopOf("m")]);
  const other = follow([loopOf("l"), loopOf("gone")]);
  assert.deepEqual(await askedIn(0), ["l,m,gone"]);
  assert.deepEqual(one.told.map(([question]) => question), ["loop l", "loop m"]);
  assert.deepEqual(other.told[0], ["loop l", { value: { id: "l", stands: "paused", running: 0, finishing: 0 } }]);
  assert.deepEqual(other.told[1], ["loop gone", { value: null }]);
});

test("while the last results are being saved, the server is asked soon again, but not between two prompts", async () => {
  const { askedIn, follow, found, poller } = setUp("running");
  follow([loopOf("l")]);
  Object.assign(found, { running: 0, finishing: 1 });
  await askedIn(0);
  assert.equal((await askedIn(2_000)).length, 5);
  poller.queueIs(1);
  await askedIn(400);
  assert.equal((await askedIn(2_000)).length, 1);
  poller.queueIs(0);
  await askedIn(400);
  found.finishing = 0;
  await askedIn(400);
  assert.equal((await askedIn(2_000)).length, 1);
});

test("a part that comes later joins in, without more requests", async () => {
  const { askedIn, clock, follow } = setUp("running");
  follow([loopOf("l")]);
  await clock.pass(1_000);
  const late = follow([loopOf("l")]);
  assert.deepEqual(await askedIn(0), ["l"]);
  assert.deepEqual(await askedIn(8_000), ["l", "l", "l", "l"]);
  assert.equal(late.told.length, 5);
});

test("nothing is asked while the next prompt is about to be sent", async () => {
  const { askedIn, clock, follow, poller } = setUp("running");
  follow([loopOf("l")]);
  await clock.pass(0);
  assert.deepEqual(await askedIn(2_000 - 1), []);
  poller.queueIs(0); // a moment before the next question is due
  assert.deepEqual(await askedIn(REST_MS - 1), []);
  assert.deepEqual(await askedIn(1), ["l"]);
});

test("once it is sent, what is due is asked in its turn", async () => {
  const { askedIn, clock, follow, poller } = setUp("running");
  follow([loopOf("l")]);
  await clock.pass(2_000 - 2);
  poller.queueIs(0);
  await clock.pass(1);
  poller.queueIs(1);
  assert.deepEqual(await askedIn(1), ["l"]);
});

for (const stands of ["running", "waiting"]) {
  test(`while a loop is ${stands} it is asked now and then, and no longer`, async () => {
    const { askedIn, clock, found, follow } = setUp(stands);
    follow([loopOf("l")]);
    await clock.pass(0);
    assert.equal((await askedIn(6_000)).length, 3);
    found.stands = "complete";
    assert.equal((await askedIn(60_000)).length, 1);
  });
}

test("the list of all loops is requested rarely while nothing is running", async () => {
  const { askedIn, found, follow } = setUp();
  follow([LOOPS], { idle: SELDOM_MS });
  assert.deepEqual(await askedIn(29_000), ["loops", "loops", "loops"]);
  found.stands = "running";
  await askedIn(1_000);
  assert.equal((await askedIn(10_000)).length, 5);
});

test("a burst of events leads to one request, which is not delayed", async () => {
  const { askedIn, clock, follow, poller } = setUp();
  follow([loopOf("l"), folderOf({ directory: "in" })]);
  await clock.pass(0);
  for (let event = 0; event < 9; event += 1) {
    poller.news();
    await clock.pass(40);
  }
  assert.deepEqual(await askedIn(40), ["l"]);
  assert.deepEqual(await askedIn(60_000), []);
});

test("while the queue is not empty, the server is asked often", async () => {
  const { askedIn, clock, follow, poller } = setUp();
  follow([loopOf("l")]);
  await clock.pass(0);
  poller.queueIs(1);
  assert.equal((await askedIn(4_400)).length, 3);
  poller.queueIs(0);
  assert.equal((await askedIn(60_000)).length, 1);
});

test("news while the server is answering lead to one more request afterwards", async () => {
  const asked = [];
  const { clock, poller } = polling({
    loopsOf: (ids) => new Promise((answer) => asked.push(() => answer(ids.map((id) => ({ id }))))),
  });
  poller.follow({ questions: () => [loopOf("l")], told: () => {} }).renew();
  await clock.pass(0);
  poller.news();
  poller.news();
  await clock.pass(5_000);
  assert.equal(asked.length, 1);
  for (const count of [2, 2]) {
    asked.at(-1)();
    await new Promise((resume) => setImmediate(resume));
    await clock.pass(60_000);
    assert.equal(asked.length, count);
  }
});

test("a part that joins during a request gets the next answer: this may be too old", async () => {
  const asked = [];
  const { clock, poller } = polling({
    loopsOf: (ids) => new Promise((answer) => asked.push(() => answer(ids.map((id) => ({ id }))))),
  });
  const told = [];
  const join = (name) =>
    poller.follow({ questions: () => [loopOf("l")], told: () => told.push(name) }).renew();
  join("one");
  await clock.pass(0);
  join("other");
  await clock.pass(1_000);
  for (const [count, names] of [
    [2, ["one"]],
    [2, ["one", "one", "other"]],
  ]) {
    asked.at(-1)();
    await new Promise((resume) => setImmediate(resume));
    await clock.pass(1_000);
    assert.deepEqual([asked.length, told], [count, names]);
  }
});

test("while the user is typing, nothing is requested", async () => {
  const { askedIn, clock, follow } = setUp();
  const settled = [];
  const told = (answers) => settled.push(answers.size);
  const { following, questions } = follow([], { told });
  for (const directory of ["i", "in", "inp"]) {
    questions.splice(0, 1, folderOf({ directory }));
    following.whenSettled();
    assert.deepEqual(await askedIn(300), []);
  }
  assert.equal(settled.length, 0);
  assert.deepEqual(await askedIn(100), ["folder inp"]);
  assert.deepEqual(settled, [0, 1], "there may be nothing to ask any more");
  await clock.pass(60_000);
  following.whenSettled();
  assert.deepEqual(await askedIn(60_000), [], "the settings are the same");
  following.again();
  assert.deepEqual(await askedIn(0), ["folder inp"]);
});

test("after a change, what is known is told again: what was added may have the same question", async () => {
  const { askedIn, clock, follow } = setUp();
  const { following, questions, told } = follow([folderOf({ directory: "in" })]);
  await clock.pass(0);
  const answer = [folderOf({ directory: "in" }), { value: { total: 3 } }];
  assert.deepEqual(told.splice(0), [answer]);
  following.whenSettled();
  assert.deepEqual(await askedIn(400), []);
  assert.deepEqual(told.splice(0), [answer]);
  questions.length = 0;
  following.whenSettled();
  await clock.pass(400);
  assert.deepEqual(told, [], "nothing is wanted any more");
});

test("a folder is requested again if the server was away, but not if it refused", async () => {
  const { askedIn, clock, found, follow } = setUp();
  found.error = new TypeError("Failed to fetch");
  const { told } = follow([folderOf({ directory: "in" })]);
  await clock.pass(0);
  found.error = new Refused("no such folder", 400);
  assert.equal((await askedIn(60_000)).length, 1);
  assert.deepEqual(told.map(([, { error }]) => error?.message), ["Failed to fetch", "no such folder"]);
});

test("a folder that is not allowed is requested every few seconds, as it may be allowed now", async () => {
  const { askedIn, clock, found, follow } = setUp();
  follow([folderOf({ directory: "in" })]);
  found.error = new Refused("not allowed", 403);
  await clock.pass(0);
  assert.deepEqual(await askedIn(2 * REFUSED_MS), ["folder in", "folder in"]);
  found.error = null;
  assert.deepEqual(await askedIn(60_000), ["folder in"]);
});

test("a server that fails, or a proxy without it, is asked again", async () => {
  const { askedIn, clock, found, follow } = setUp();
  follow([folderOf({ directory: "in" })]);
  found.error = new Refused("no database", 503);
  await clock.pass(0);
  assert.deepEqual(await askedIn(SELDOM_MS), ["folder in"]);
  found.error = null;
  assert.deepEqual(await askedIn(SELDOM_MS), ["folder in"]);
  assert.deepEqual(await askedIn(60_000), []);
});

test("a loop is requested again if the server was away, but not if it refused", async () => {
  const { askedIn, clock, found, follow } = setUp();
  found.error = new TypeError("Failed to fetch");
  follow([loopOf("l")]);
  await clock.pass(0);
  assert.deepEqual(await askedIn(SELDOM_MS), ["l"]);
  found.error = new Refused("not allowed", 403);
  assert.deepEqual(await askedIn(60_000), ["l"]);
  assert.deepEqual(await askedIn(60_000), []);
});

test("a malformed answer is an error for each question, which are asked again", async () => {
  const answers = [undefined, [{ id: "l" }]];
  const { clock, poller } = polling({ loopsOf: async () => answers.shift() });
  const told = [];
  const questions = () => [loopOf("l"), loopOf("m")];
  poller.follow({ questions, told: (each) => told.push(...each.values()) }).renew();
  await clock.pass(0);
  assert.deepEqual(told.map(({ error }) => error instanceof TypeError), [true, true]);
  await clock.pass(SELDOM_MS);
  assert.deepEqual(told.slice(2), [{ value: { id: "l" } }, { value: null }]);
});

test("an error in a part of the page does not stop the others, or itself", async (context) => {
  const logged = context.mock.method(console, "error", () => {});
  const { askedIn, clock, follow, poller } = setUp("running");
  let breaks = "";
  let asked = 0;
  const breaking = (name) => {
    if (breaks === name) throw new Error(name);
  };
  const broken = follow([], {
    questions: () => {
      breaking("questions");
      return [loopOf("broken")];
    },
    told: () => {
      asked += 1;
      breaking("told");
    },
  });
  const { told } = follow([loopOf("l")]);
  for (breaks of ["", "questions", "told"]) {
    poller.news(0);
    await clock.pass(0);
    asked = told.length = 0;
    assert.deepEqual(await askedIn(4_000), ["broken,l", "broken,l"], breaks);
    assert.deepEqual([asked, told.length], [2, 2], breaks);
    broken.following.whenSettled();
    assert.deepEqual(await askedIn(400), ["broken"], breaks);
    const errors = logged.mock.calls.map(({ arguments: [error] }) => error.message);
    assert.deepEqual([...new Set(errors)], breaks ? [breaks] : []);
    logged.mock.resetCalls();
  }
});

test("a hidden page asks nothing until it is shown, except what goes on while hidden", async () => {
  const { askedIn, clock, follow, poller, setHidden } = setUp("running");
  follow([loopOf("l")]);
  await clock.pass(0);
  setHidden(true);
  poller.news();
  assert.deepEqual(await askedIn(60_000), []);
  const watching = follow([arrivalsOf("l")], { unseen: true, first: 2_000, always: 2_000 });
  assert.deepEqual(await askedIn(4_000), ["arrivals of l", "arrivals of l"]);
  watching.following.end();
  assert.deepEqual(await askedIn(4_000), []);
  setHidden(false);
  assert.deepEqual(await askedIn(0), ["l"]);
});

test("a question that failed is asked again like any other", async () => {
  const { askedIn, found, follow } = setUp();
  found.error = new Error("away");
  const { told } = follow([LOOPS], { idle: SELDOM_MS });
  assert.equal((await askedIn(10_000)).length, 2);
  assert.equal(told[0][1].error.message, "away");
});

test("nothing is requested for a part that has no questions or has ended", async () => {
  const { askedIn, clock, follow } = setUp("running");
  const panel = follow([LOOPS], { idle: SELDOM_MS });
  await clock.pass(0);
  panel.questions.length = 0;
  panel.following.renew();
  assert.deepEqual(await askedIn(60_000), []);
  panel.questions.push(LOOPS);
  panel.following.again();
  assert.deepEqual(await askedIn(0), ["loops"]);
  panel.following.end();
  assert.deepEqual(await askedIn(60_000), []);
});

test("of a burst of news only the first has to gather what is to be asked", async () => {
  const { askedIn, clock, follow, poller } = setUp();
  let gathered = 0;
  const questions = () => {
    gathered += 1;
    return [loopOf("l")];
  };
  follow([], { questions });
  await clock.pass(0);
  poller.news();
  gathered = 0;
  for (let number = 0; number < 20; number += 1) {
    poller.news();
    poller.queueIs(number % 2);
  }
  assert.equal(gathered, 0);
  assert.deepEqual(await askedIn(1_000), ["l"]);
});

test("news that is due before anything else is asked about in time", async () => {
  const { askedIn, follow, poller } = setUp();
  follow([loopOf("l")], { idle: SELDOM_MS });
  await askedIn(0);
  poller.news();
  poller.news(0);
  assert.deepEqual(await askedIn(0), ["l"]);
});
