import assert from "node:assert/strict";
import test from "node:test";
import { Follow } from "../../web/lib/panel/follow.js";

function setUp() {
  const found = { asked: 0, runs: false, isShown: true, due: null, answer: null };
  const page = new EventTarget();
  page.visibilityState = "visible";
  const follow = new Follow({
    ask: () => {
      found.asked += 1;
      return new Promise((answer) => (found.answer = () => answer(found.runs)));
    },
    isShown: () => found.isShown,
    page,
    later: (turn, ms) => {
      const due = { turn, ms };
      found.due = due;
      return () => {
        if (found.due === due) found.due = null;
      };
    },
  });
  const answer = async () => {
    found.answer();
    await new Promise((resume) => setImmediate(resume));
  };
  const setHidden = (hidden) => {
    page.visibilityState = hidden ? "hidden" : "visible";
    page.dispatchEvent(new Event("visibilitychange"));
  };
  return { follow, found, answer, setHidden };
}

test("it asks at once, then often while something runs and seldom while nothing does", async () => {
  const { follow, found, answer } = setUp();
  follow.start();
  assert.equal(found.asked, 1);
  await answer();
  assert.equal(found.due.ms, 10_000);
  found.runs = true;
  found.due.turn();
  await answer();
  assert.equal(found.asked, 2);
  assert.equal(found.due.ms, 2_000);
});

test("it asks nothing before the answer is there", async () => {
  const { follow, found, answer } = setUp();
  follow.start();
  follow.start();
  follow.nudge();
  assert.equal(found.asked, 1);
  await answer();
  assert.equal(found.due.ms, 500);
});

test("many events bring one question, and do not put it off", async () => {
  const { follow, found, answer } = setUp();
  follow.start();
  await answer();
  follow.nudge();
  const { due } = found;
  assert.equal(due.ms, 500);
  for (let event = 0; event < 20; event += 1) follow.nudge();
  assert.equal(found.due, due);
  due.turn();
  await answer();
  assert.equal(found.asked, 2);
  assert.equal(found.due.ms, 10_000);
});

test("a hidden page asks nothing, and asks when it is seen again", async () => {
  const { follow, found, answer, setHidden } = setUp();
  follow.start();
  await answer();
  setHidden(true);
  assert.equal(found.due, null);
  follow.nudge();
  assert.equal(found.due, null);
  setHidden(false);
  assert.equal(found.asked, 2);
});

test("a closed panel asks nothing, whatever happens", async () => {
  const { follow, found, answer, setHidden } = setUp();
  follow.start();
  follow.stop();
  await answer();
  follow.nudge();
  setHidden(true);
  setHidden(false);
  assert.equal(found.due, null);
  assert.equal(found.asked, 1);
  follow.start();
  assert.equal(found.asked, 2);
});

test("an event while the panel is closed does not keep later ones from being heard", async () => {
  const { follow, found, answer } = setUp();
  follow.nudge();
  follow.start();
  await answer();
  follow.nudge();
  assert.equal(found.due.ms, 500);
});

test("a panel that another has been put in the place of stops by itself", async () => {
  const { follow, found, answer } = setUp();
  follow.start();
  found.isShown = false;
  await answer();
  assert.equal(found.due, null);
});
