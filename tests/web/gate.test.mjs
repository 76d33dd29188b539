import assert from "node:assert/strict";
import test from "node:test";
import { AutoQueue } from "../../web/lib/auto_queue.js";
import { LOOP, setUp, stands } from "./gate_page.mjs";

test("a batch on the screen is left to ComfyUI", async () => {
  const { autoQueue, did, emptied } = await setUp();
  await emptied();
  assert.deepEqual(did, []);
  assert.equal(autoQueue.on, true);
});

test("while another workflow is there, its own is sent whenever the queue is empty", async () => {
  const { autoQueue, did, emptied, gate, leave } = await setUp();
  await leave();
  assert.equal(autoQueue.on, false);
  assert.equal(gate.on, true);
  assert.equal(gate.isAway("l"), true);
  await emptied();
  await emptied();
  assert.deepEqual(did, ["says that it goes on", "sends 6", "sends 7"]);
});

test("the workflow that has come is noticed before ComfyUI decides what to queue", async () => {
  const { autoQueue, gate, screen } = await setUp();
  screen.workflow = "another";
  gate.queueIs(0);
  assert.equal(autoQueue.on, false);
});

test("what ComfyUI sent after the copy was made has changed the values", async () => {
  const { did, emptied, gate, leave, screen } = await setUp();
  screen.copy = () => Promise.reject(new Error("not now"));
  gate.accepted();
  await leave();
  await emptied();
  assert.deepEqual(did, ["says that it goes on", "sends 7"]);
});

test("the workflow of a batch that goes on is copied once for each of its prompts", async () => {
  const { gate, screen, turn } = await setUp();
  const { copy } = screen;
  let copies = 0;
  screen.copy = () => copy((copies += 1));
  for (const sent of [1, 2, 3]) {
    gate.sending();
    await turn();
    gate.accepted();
    await turn();
    assert.equal(copies, sent);
  }
});

test("a batch that begins again is copied before its prompt is accepted", async () => {
  const { autoQueue, gate, leave, did, emptied, screen, turn } = await setUp();
  const { mode } = autoQueue;
  autoQueue.switchOff();
  gate.look();
  screen.value = 20;
  autoQueue.mode = mode;
  gate.sending();
  await turn();
  await leave();
  await emptied();
  assert.deepEqual(did.filter((each) => each.startsWith("sends")), ["sends 21"]);
});

test("a workflow that leaves while its prompt is being sent goes on with the next values", async () => {
  const { did, emptied, gate, leave, turn } = await setUp();
  gate.sending();
  await turn();
  await leave();
  await emptied();
  assert.deepEqual(did, ["says that it goes on", "sends 7"]);
});

test("back on the screen, ComfyUI goes on", async () => {
  const { autoQueue, did, emptied, gate, leave, look, screen } = await setUp();
  await leave();
  await emptied();
  screen.workflow = "batch's";
  await look();
  assert.equal(autoQueue.on, false);
  await look();
  assert.equal(autoQueue.on, true);
  assert.equal(gate.isAway("l"), false);
  assert.deepEqual(did, ["says that it goes on", "sends 6", "gives back"]);
});

test("back on the screen with an empty queue, ComfyUI is asked to queue", async () => {
  const { did, gate, leave, look, screen } = await setUp({ needsAccount: true });
  await leave();
  gate.queueIs(0);
  gate.proceed();
  screen.workflow = "batch's";
  await look();
  await look();
  assert.deepEqual(did, ["says that it waits", "gives back", "ComfyUI queues"]);
});

test("another workflow in its tab is not the batch's", async () => {
  const { autoQueue, did, look, screen } = await setUp();
  screen.graphId = "2";
  for (let looks = 0; looks < 9; looks += 1) await look();
  assert.equal(autoQueue.on, false);
  assert.deepEqual(did, ["says that it goes on"]);
});

test("the end of the batch ends it while it is away; that of another does not", async () => {
  const { did, emptied, gate, leave } = await setUp();
  await leave();
  assert.equal(gate.stopping.switchOff(["another"]), null);
  assert.equal(gate.stopping.switchOff(["l"]), "instant-running");
  await emptied();
  assert.deepEqual(did, ["says that it goes on"]);
});

test("the last report of a batch that has ended away stops nothing on the screen", async () => {
  const { autoQueue, gate, leave } = await setUp();
  await leave();
  gate.stopping.switchOff(["l"]);
  autoQueue.on = true; // somebody has chosen Run (Instant) for the other workflow
  assert.equal(gate.stopping.switchOff(["l"]), null);
  assert.equal(autoQueue.on, true);
});

test("a batch that is away can be paused", async () => {
  const { did, emptied, gate, leave, notice } = await setUp();
  notice.goesOn = (batch) => (notice.shown = batch);
  await leave();
  gate.stopping.stopAway(notice.shown);
  await emptied();
  assert.deepEqual([gate.on, did], [false, []]);
});

test("another batch's end does not stop the one on the screen", async () => {
  const { autoQueue, gate } = await setUp();
  assert.equal(gate.stopping.switchOff(["another"]), null);
  assert.equal(autoQueue.on, true);
  assert.equal(gate.stopping.switchOff(["l"]), "instant-running");
  assert.equal(autoQueue.on, false);
});

test("a batch that watches goes on while it is away", async () => {
  const { did, emptied, gate, leave } = await setUp();
  await leave();
  const mode = gate.stopping.switchOff(["l"]);
  assert.equal(gate.stopping.canGoOn(["l"]), true);
  gate.stopping.goOn(mode, 2, ["l"]);
  await emptied();
  assert.deepEqual(did.slice(1), ["says that it goes on", "sends 6"]);
});

test("what ComfyUI refuses ends it", async () => {
  const refusal = { response: { error: { message: "no", details: "such folder" } }, status: 400 };
  const { did, emptied, gate, leave } = await setUp({ answer: () => Promise.reject(refusal) });
  await leave();
  await emptied();
  assert.equal(gate.on, false);
  assert.deepEqual(did, ["says that it goes on", "sends 6", "refused: no: such folder"]);
});

test("what does not get through is sent again, after pauses that grow, and the notice says so", async () => {
  const lost = [
    new TypeError("Failed to fetch"),
    new SyntaxError("a page of a proxy is not JSON"),
    // Newer frontends make up a response.
    { response: { error: { type: "server_error", message: "502", details: "<html>" } } },
    { response: { error: { message: "Internal Server Error" } }, status: 500 },
  ];
  const answer = async () => {
    if (lost.length > 0) throw lost.shift();
    return { prompt_id: "p" };
  };
  const { did, emptied, gate, leave, passed, pauses, turn } = await setUp({ answer });
  await leave();
  await emptied();
  for (let looks = 0; looks < 9; looks += 1) {
    gate.proceed();
    await emptied(); // somebody else's prompt has ended
  }
  const said = ["says that it goes on", "sends 6", "says that it sends again"];
  assert.deepEqual(did, said);
  const pauseLengths = [];
  for (let times = 0; times < 4; times += 1) pauseLengths.push(await passed());
  assert.deepEqual(pauseLengths, [2000, 4000, 8000, 16_000]);
  assert.deepEqual(did, [...said, ...Array(4).fill("sends 6"), "says that it goes on"]);
  gate.queueIs(undefined); // the server ends, with what it had, and begins again
  await turn();
  await emptied();
  assert.equal(did.at(-1), "sends 7");
  assert.deepEqual(pauses, []);
});

test("however long a server is away, the pauses end by a minute", async () => {
  const answer = () => Promise.reject(new TypeError("Failed to fetch"));
  const { emptied, leave, passed } = await setUp({ answer });
  await leave();
  await emptied();
  const pauses = [];
  for (let times = 0; times < 8; times += 1) pauses.push(await passed());
  assert.deepEqual(pauses.slice(-3), [60_000, 60_000, 60_000]);
});

test("a batch that is paused or back meanwhile is not sent again", async () => {
  const answer = () => Promise.reject(new TypeError("Failed to fetch"));
  for (const back of [false, true]) {
    const { did, emptied, gate, leave, look, passed, screen } = await setUp({ answer });
    await leave();
    await emptied();
    if (back) {
      screen.workflow = "batch's";
      await look();
      await look();
    } else gate.stopping.pause("l");
    did.length = 0;
    await passed();
    assert.deepEqual(did, []);
  }
});

test("ComfyUI is asked to queue what is back before it got through", async () => {
  const answer = () => Promise.reject(new TypeError("Failed to fetch"));
  const { did, emptied, leave, look, screen } = await setUp({ answer });
  await leave();
  await emptied();
  screen.workflow = "batch's";
  await look();
  await look();
  assert.deepEqual(did.slice(-2), ["gives back", "ComfyUI queues"]);
});

test("with another batch on the screen, they take turns", async () => {
  const { autoQueue, did, emptied, gate, leave, submissions, turn } = await setUp();
  await leave();
  did.length = 0;
  autoQueue.on = true;
  for (let turns = 0; turns < 2; turns += 1) {
    // ComfyUI sends in the turn of the event.
    gate.queueIs(0);
    submissions.begin();
    gate.sending();
    await turn();
    gate.proceed();
    assert.equal(did.length, turns);
    gate.accepted();
    gate.heard({ loop: "other", directory: "e" });
    submissions.end(() => gate.proceed());
    await turn();
  }
  assert.deepEqual(did, ["sends 6", "sends 7"]);
  assert.deepEqual([gate.isAway("l"), gate.goesOn("other")], [true, true]);
  gate.stopping.pause("other");
  assert.deepEqual([autoQueue.on, gate.isAway("l")], [false, true]);
  await emptied();
  assert.equal(did.at(-1), "sends 8");
});

test("Pause of the workflow on the screen, or a fault in it, leaves the batch alone", async () => {
  const { gate, leave } = await setUp();
  await leave();
  assert.deepEqual([gate.runsHere, gate.goesOn("other"), gate.goesOn("l")], [false, false, true]);
  gate.stopping.pause("other");
  gate.stopping.pause(null);
  gate.stopping.stopHere();
  gate.stopping.switchOff([]);
  assert.equal(gate.isAway("l"), true);
  gate.stopping.pause("l");
  assert.equal(gate.isAway("l"), false);
});

test("an error of another workflow stops nothing, and its own does, reported or not", async () => {
  const { autoQueue, did, emptied, gate, leave } = await setUp();
  gate.stopping.showStopped(["other"]);
  assert.deepEqual([autoQueue.on, did], [true, []]);
  gate.stopping.showStopped(); // ComfyUI has refused a prompt of the workflow on the screen
  assert.deepEqual(did.splice(0), ["shown stopped"]);
  gate.sending();
  gate.heard(LOOP);
  await leave();
  await emptied(); // sends "p"
  gate.stopping.showStopped(["other"]);
  gate.stopping.showStopped([], "x");
  assert.equal(gate.isAway("l"), true);
  gate.stopping.showStopped([], "p");
  assert.equal(gate.isAway("l"), false);
});

test("a batch has left the screen before what has come can stop it", async () => {
  const { autoQueue, gate, screen } = await setUp();
  screen.workflow = "another";
  assert.equal(gate.stopping.stopHere(), null);
  assert.deepEqual([autoQueue.on, gate.isAway("l")], [false, true]);
});

test("what is taken back is of the batch that is paused", async () => {
  const { emptied, gate, leave, screen } = await setUp();
  await leave();
  await emptied(); // sends "p"
  screen.graphId = "2";
  const { isIts: here } = gate.stopping.pause("other");
  assert.deepEqual([here("p", "1"), here("x", "1"), here("x", "2")], [false, false, true]);
  const { isIts: away } = gate.stopping.pause("l");
  assert.deepEqual([away("p", "1"), away("x", "1"), away("x", "2")], [true, true, false]);
});

test("who pauses a batch that is being sent is told when ComfyUI has answered", async () => {
  let answer;
  const page = await setUp({ answer: () => new Promise((tell) => (answer = tell)) });
  await page.leave();
  await page.emptied();
  const { isIts, sending } = page.gate.stopping.pause("l");
  answer({ prompt_id: "late" });
  await sending;
  assert.equal(isIts("late", undefined), true);
});

test("a batch that was stopped goes on while another workflow is on the screen", async () => {
  const { did, gate, emptied, leave, screen } = await setUp();
  await leave();
  gate.stopping.switchOff(["l"]);
  assert.equal(gate.stopping.resume("l"), true);
  await emptied();
  assert.deepEqual(did.slice(1), ["says that it goes on", "sends 6"]);
  gate.stopping.switchOff(["l"]);
  screen.workflow = "batch's";
  assert.equal(gate.stopping.resume("l"), false);
});

test("a batch that an error has stopped goes on from there in the mode of the card's Run", async () => {
  const { autoQueue, gate, leave, look, screen } = await setUp();
  gate.stopping.showStopped(["l"], "p");
  autoQueue.on = false;
  await leave();
  assert.equal(gate.stopping.resume("l"), true);
  screen.workflow = "batch's";
  for (let seen = 0; seen < 2; seen += 1) await look();
  assert.equal(autoQueue.mode, autoQueue.toStart);
});

/** ComfyUI's modes of Run in a newer frontend, in which nothing has been chosen yet. */
function modes() {
  const settings = { mode: "disabled", batchCount: 1 };
  const app = { ui: {}, extensionManager: { queueSettings: settings }, queuePrompt() {} };
  const page = { querySelector: () => ({}), getElementById: () => null };
  return { settings, autoQueue: new AutoQueue(app, () => page) };
}

for (const [what, meanwhile] of [
  ["was lost with the server", async ({ gate }) => gate.queueIs(undefined)],
  [
    "gave way to another",
    async ({ gate, leave, turn }) => {
      await leave();
      await gate.start();
      gate.sending();
      gate.accepted();
      gate.heard({ loop: "m" }, "q");
      await turn();
      for (let ends = 0; ends < 2; ends += 1) gate.stopping.switchOff(["m"]);
    },
  ],
]) {
  test(`Run is as before the card's at the end of a batch that ${what} and left the screen`, async () => {
    const { settings, autoQueue } = modes();
    autoQueue.start();
    const page = await setUp({ autoQueue });
    const { gate, leave, look, screen } = page;
    await meanwhile(page);
    await leave();
    gate.queueIs(1);
    screen.workflow = "batch's";
    for (let seen = 0; seen < 3; seen += 1) await look();
    assert.equal(settings.mode, "instant-running");
    gate.stopping.switchOff(["l"]);
    assert.equal(settings.mode, "disabled");
  });
}

test("what the page sends does not end what ComfyUI is sending", async () => {
  let answer;
  const given = { answer: () => new Promise((resolve) => (answer = resolve)) };
  const { emptied, leave, submissions, turn } = await setUp(given);
  await leave();
  await emptied();
  submissions.begin(); // a person has pressed Run
  answer({ prompt_id: "p" });
  await turn();
  assert.deepEqual([submissions.open, submissions.count], [true, 1]);
});

test("a prompt of which a part would be left out counts as refused", async () => {
  const faults = { 3: { class_type: "Kind", errors: [{ message: "bad" }] } };
  const answer = async () => ({ prompt_id: "p", node_errors: faults });
  const { did, emptied, leave } = await setUp({ answer });
  await leave();
  await emptied();
  assert.equal(did.at(-1), "refused: Kind: bad");
});

test("a prompt of somebody who works in between is told from the batch's", async () => {
  const { emptied, gate, leave } = await setUp();
  assert.equal(gate.isOthers("x"), false);
  await leave();
  await emptied();
  assert.equal(gate.isOthers("p"), false);
  assert.equal(gate.isOthers("x"), true);
});

test("while the page waits for ComfyUI's answer, any prompt may be the batch's", async () => {
  const { emptied, gate, leave } = await setUp({ answer: () => new Promise(() => {}) });
  await leave();
  for (const remaining of [2, 1]) gate.queueIs(remaining); // the image of the batch has ended
  assert.equal(gate.isOthers("x"), true);
  await emptied();
  assert.equal(gate.isOthers("x"), false);
});

test("a prompt of somebody's is told from those of a batch that is back on the screen, too", async () => {
  const { autoQueue, gate, leave, look, screen, submissions, turn } = await setUp();
  gate.queueIs(1);
  assert.equal(gate.isOthers("p"), false); // it is the first, as far as is known
  gate.queueIs(2); // somebody runs another workflow, while an image of the batch runs
  await leave();
  screen.workflow = "batch's";
  for (let seen = 0; seen < 2; seen += 1) await look();
  assert.deepEqual([autoQueue.on, gate.isAway("l"), gate.isOthers("p")], [true, false, false]);
  gate.queueIs(1); // the image of the batch has ended
  assert.equal(gate.isOthers("x"), true);
  gate.sending(); // Run is pressed once more: that comes after
  assert.equal(gate.isOthers("x"), true);
  gate.accepted();
  gate.queueIs(2);
  assert.equal(gate.isOthers("x"), true);
  gate.queueIs(undefined);
  assert.equal(gate.isOthers("x"), false); // the page has heard nothing for a while
  gate.queueIs(0);
  await turn();
  submissions.begin();
  gate.sending();
  assert.equal(gate.isOthers("q"), false); // before ComfyUI's answer it may run
  gate.accepted();
  gate.queueIs(2);
  gate.heard(LOOP, "q");
  assert.equal(gate.isOthers("q"), false);
  gate.queueIs(1);
  assert.equal(gate.isOthers("x"), true);
  gate.stopping.stopHere();
  assert.equal(gate.isOthers("x"), false); // there is no batch to tell it from
  gate.queueIs(2);
  autoQueue.on = true;
  gate.sending(); // Run again: an image from before Pause may still run
  gate.accepted();
  assert.equal(gate.isOthers("q"), false);
});

test("a batch begins once its prompt is next, until one of its nodes has reported", async () => {
  const page = await setUp({ expected: () => ["l"] });
  const { autoQueue, gate } = page;
  assert.equal(gate.beginning, null); // it has reported
  gate.stopping.stopHere();
  gate.queueIs(1); // somebody else's
  autoQueue.on = true;
  gate.sending();
  gate.accepted();
  gate.queueIs(2);
  assert.equal(gate.beginning, null);
  gate.queueIs(1);
  assert.deepEqual(gate.beginning, ["l"]);
  gate.heard(LOOP, "q");
  assert.equal(gate.beginning, null);
});

test("a batch that was stopped before it has reported does not begin", async () => {
  const { autoQueue, gate } = await setUp({ expected: () => ["l"] });
  gate.stopping.stopHere();
  gate.queueIs(0);
  autoQueue.on = true;
  gate.sending();
  assert.deepEqual(gate.beginning, ["l"]);
  gate.stopping.stopHere();
  assert.equal(gate.beginning, null);
});

test("what the page has sent of a batch that is back is the batch's", async () => {
  const { emptied, gate, leave, look, screen } = await setUp();
  await leave();
  await emptied();
  gate.heard(LOOP, "p");
  screen.workflow = "batch's";
  for (let seen = 0; seen < 2; seen += 1) await look();
  gate.queueIs(2);
  gate.queueIs(1);
  assert.deepEqual([gate.isOthers("p"), gate.isOthers("x")], [false, true]);
});

/** Another image of the batch begins, in the place of this many in the queue. */
async function begins(page, { before = 0 } = {}) {
  const { gate, running } = page;
  for (const remaining of [0, before]) gate.queueIs(remaining);
  await send(page);
  gate.queueIs(before + 1);
  running.prompt = "q";
}

test("what is deleted behind a batch's prompt does not make that somebody else's", async () => {
  const page = await setUp();
  const { gate, running } = page;
  await begins(page);
  for (const remaining of [4, 3, 1]) gate.queueIs(remaining);
  assert.equal(gate.isOthers("q"), false);
  gate.heard(LOOP, "q");
  for (const remaining of [2, 1]) gate.queueIs(remaining);
  assert.deepEqual([gate.places.of("l", true).before, gate.isOthers("q")], [0, false]);
  gate.queueIs(3);
  running.prompt = ""; // it has ended
  gate.queueIs(2);
  assert.deepEqual([gate.places.of("l", true).before, gate.isOthers("x")], [2, true]);
});

test("what is deleted while another prompt of this page runs leaves that before the batch's", async () => {
  const page = await setUp();
  const { gate, running } = page;
  await begins(page, { before: 3 });
  running.prompt = "x";
  gate.queueIs(3);
  assert.deepEqual([gate.places.of("l", true).before, gate.isOthers("x")], [2, true]);
  for (const remaining of [2, 1]) gate.queueIs(remaining);
  assert.deepEqual([gate.places.of("l", true).before, gate.isOthers("x")], [1, true]);
  gate.queueIs(2);
  running.prompt = "";
  gate.queueIs(1);
  running.prompt = "q";
  assert.equal(gate.isOthers("q"), false);
});

test("what is deleted while it is sent leaves what runs before it", async () => {
  const { gate, running, turn } = await setUp();
  for (const remaining of [0, 3]) gate.queueIs(remaining);
  running.prompt = "x";
  gate.sending();
  await turn();
  for (const remaining of [2, 1]) gate.queueIs(remaining);
  assert.equal(gate.isOthers("x"), true);
  running.prompt = "";
  gate.accepted();
  gate.queueIs(2);
  gate.queueIs(1);
  assert.equal(gate.isOthers("q"), false);
});

test("what is being sent is the first once the queue is empty", async () => {
  const { gate, turn } = await setUp();
  for (const remaining of [0, 2]) gate.queueIs(remaining);
  gate.sending();
  await turn();
  assert.equal(gate.isOthers("x"), true);
  gate.queueIs(0);
  assert.equal(gate.isOthers("q"), false);
});

test("what has reported without a known place takes that of no other", async () => {
  const page = await setUp();
  const { gate, running } = page;
  for (const remaining of [0, 1]) gate.queueIs(remaining);
  running.prompt = "o";
  gate.heard(LOOP, "o");
  await send(page);
  gate.queueIs(2);
  running.prompt = "";
  gate.queueIs(1);
  running.prompt = "q";
  assert.equal(gate.isOthers("q"), false);
});

test("where it is not certain what has left the queue, Cancel is the batch's, until that is empty", async () => {
  const page = await setUp();
  const { gate, running } = page;
  await begins(page, { before: 1 });
  running.prompt = ""; // another page's runs
  for (const remaining of [4, 3, 2, 1]) gate.queueIs(remaining);
  assert.equal(gate.isOthers("q"), false);
  gate.queueIs(0);
  gate.queueIs(1);
  assert.equal(gate.isOthers("x"), true);
});

test("of two images of a batch, the second is in its place once the first has ended", async () => {
  const page = await setUp();
  const { gate, running } = page;
  await begins(page);
  await send(page);
  gate.heard(LOOP, "q");
  gate.queueIs(3); // one is somebody else's
  running.prompt = "";
  gate.queueIs(2);
  gate.queueIs(1); // which is deleted before the second begins
  running.prompt = "r";
  assert.equal(gate.isOthers("r"), false);
  for (const remaining of [2, 1]) gate.queueIs(remaining);
  assert.equal(gate.isOthers("r"), false);
});

test("reports of several loops, or images, from before Run do not make its own prompt another's", async () => {
  for (const reports of [
    [["o", "l", 2], ["o", "l2", 2]],
    [["o1", "l", 3], ["o2", "l", 2]],
    [["o1", "l", 4], ["o2", "l", 3], ["o3", "l", 2]],
  ]) {
    const page = await setUp();
    const { autoQueue, gate, running, turn } = page;
    gate.queueIs(0);
    const [[first, , left]] = reports;
    gate.queueIs(left - 1);
    running.prompt = first;
    gate.stopping.stopHere();
    autoQueue.on = true;
    gate.sending();
    await turn();
    gate.accepted();
    for (const [prompt, loop, remaining] of reports) {
      if (prompt !== running.prompt) running.prompt = "";
      gate.queueIs(remaining);
      running.prompt = prompt;
      gate.heard({ loop, directory: "d" }, prompt);
    }
    running.prompt = "";
    gate.queueIs(1);
    running.prompt = "its own";
    assert.equal(gate.isOthers("its own"), false);
    running.prompt = "";
    await begins(page); // the next, once the queue is empty
    gate.heard(LOOP, "q");
    running.prompt = "";
    for (const remaining of [2, 1]) gate.queueIs(remaining);
    running.prompt = "x";
    assert.equal(gate.isOthers("x"), true);
  }
});

test("an image from before Run was pressed again does not take the place of the one after it", async () => {
  const page = await setUp();
  const { autoQueue, gate, running } = page;
  gate.queueIs(1);
  running.prompt = "o"; // which has not reported yet
  gate.stopping.stopHere();
  autoQueue.on = true;
  await send(page);
  gate.queueIs(2);
  gate.heard(LOOP, "o");
  running.prompt = "";
  gate.queueIs(1);
  running.prompt = "q";
  assert.equal(gate.isOthers("q"), false);
});

test("what ComfyUI has sent of a batch is the batch's when another workflow comes onto the screen", async () => {
  const page = await setUp();
  const { emptied, gate, leave, running } = page;
  await begins(page);
  await leave();
  assert.deepEqual([gate.isAway("l"), gate.isOthers("q")], [true, false]);
  gate.heard(LOOP, "q");
  gate.queueIs(2);
  running.prompt = "";
  gate.queueIs(1);
  assert.equal(gate.isOthers("x"), true);
  await emptied(); // the page sends the next one
  assert.deepEqual([gate.isOthers("p"), gate.isOthers("x")], [false, true]);
});

test("a batch on the screen has run once one of its prompts has reported", async () => {
  const { autoQueue, gate, turn } = await setUp();
  assert.equal(gate.hasRun, true);
  const { mode } = autoQueue;
  autoQueue.switchOff();
  gate.look();
  assert.equal(gate.hasRun, false);
  autoQueue.mode = mode;
  gate.sending();
  await turn();
  gate.accepted();
  assert.equal(gate.hasRun, false);
  gate.heard(LOOP);
  assert.equal(gate.hasRun, true);
});

test("a loop that another tab runs is left to it", async () => {
  const { autoQueue, claims, did, gate } = await setUp();
  claims.claim = (loop, refused) => refused();
  gate.heard(LOOP);
  assert.equal(autoQueue.on, false);
  assert.deepEqual(did, ["says that it is elsewhere, and that it has run here"]);
});

test("another workflow is kept waiting while something of the old one is being sent", async () => {
  const { gate, submissions, turn } = await setUp();
  submissions.begin();
  let isFree = false;
  const free = gate.beforeAnother().then(() => (isFree = true));
  submissions.end();
  assert.equal(isFree, false);
  await turn();
  await free;
});

/** A batch whose prompt is being sent while another workflow waits to come onto the screen. */
async function leaving() {
  const page = await setUp();
  page.submissions.begin();
  const free = page.gate.beforeAnother();
  return { ...page, free };
}

test("ComfyUI queues no more of a workflow that is to leave, whose batch goes on", async () => {
  const { autoQueue, did, free, gate, look, screen, submissions, turn } = await leaving();
  await look();
  assert.deepEqual([autoQueue.on, gate.on, gate.runsHere], [false, true, true]);
  gate.queueIs(0); // the prompt has ended before its answer
  submissions.end();
  await turn();
  await free;
  screen.workflow = "another";
  await look();
  assert.deepEqual([did, gate.isAway("l")], [["says that it goes on", "sends 6"], true]);
});

test("a prompt that ComfyUI had queued before a workflow is to leave is its batch's", async () => {
  const { did, emptied, free, gate, look, screen, submissions, turn } = await leaving();
  submissions.begin();
  gate.sending();
  screen.workflow = "another"; // which has waited for as long as it does
  await look();
  submissions.end();
  await turn();
  await free;
  await emptied();
  assert.deepEqual(did, ["says that it goes on", "sends 7"]);
});

test("a workflow that was to leave, and has not, is queued again", async () => {
  for (const remaining of [0, 1]) {
    const { autoQueue, did, free, gate, look, submissions, turn } = await leaving();
    gate.queueIs(remaining);
    submissions.end();
    await turn();
    await free;
    await look();
    assert.equal(autoQueue.on, true);
    // With anything in the queue, ComfyUI does it by itself.
    assert.deepEqual(did, remaining === 0 ? ["ComfyUI queues"] : []);
    await look();
    assert.equal(did.length, remaining === 0 ? 1 : 0);
  }
});

test("a workflow that has not left is queued again only once a lost server has said how it stands", async () => {
  const { autoQueue, did, free, gate, look, submissions, turn } = await leaving();
  gate.queueIs(undefined);
  submissions.end();
  await turn();
  await free;
  await look();
  assert.deepEqual([autoQueue.on, gate.on], [false, true]);
  gate.queueIs(0);
  await turn();
  assert.deepEqual([autoQueue.on, did], [true, ["asks for l", "ComfyUI queues"]]);
});

test("a person who switches a batch off that is to leave has switched it off", async () => {
  const { autoQueue, free, gate, look, submissions, turn } = await leaving();
  autoQueue.mode = "change";
  await look();
  submissions.end();
  await turn();
  await free;
  assert.deepEqual([gate.on, autoQueue.mode], [false, "change"]);
});

/** ComfyUI sends a prompt of what is on the screen, as its page does. */
async function send({ gate, turn }) {
  gate.sending();
  await turn();
  gate.accepted();
}

test("what comes first in the queue is what was there when a batch's prompt was sent", async () => {
  const page = await setUp({ expected: () => ["m"] });
  const { autoQueue, gate, submissions } = page;
  gate.stopping.stopHere();
  gate.queueIs(2);
  assert.equal(gate.places.of("l", true), null); // it does not go on
  autoQueue.on = true;
  const before = (remaining, isHere = true) => {
    gate.queueIs(remaining);
    return gate.places.of("l", isHere)?.before;
  };
  // With a batch count of 2, and Run that is pressed again.
  for (const remaining of [3, 4, 5]) {
    await send(page);
    assert.equal(gate.places.of("l", true).before, 2);
    assert.equal(before(remaining), 2);
  }
  assert.deepEqual([before(6), before(5), before(4)], [2, 1, 0]);
  assert.equal(gate.places.of("another", false), null);
  assert.equal(before(0), undefined);
  submissions.begin();
  assert.equal(before(0), 0);
});

test("between a batch's own prompts, those of others come first", async () => {
  const page = await setUp();
  const { gate } = page;
  gate.queueIs(0); // the first one has ended
  await send(page);
  gate.queueIs(1);
  gate.queueIs(3); // two of somebody else's
  await send(page);
  gate.queueIs(4);
  gate.heard(LOOP, "q");
  assert.equal(gate.places.of("l", true).before, 0);
  gate.queueIs(3);
  assert.equal(gate.places.of("l", true).before, 2);
});

test("what this page has sent comes first, whether ComfyUI tells of it before it answers or after", async () => {
  for (const isToldFirst of [false, true]) {
    const page = await setUp();
    const { autoQueue, gate, leave, screen, turn } = page;
    gate.queueIs(1);
    await leave();
    screen.workflow = "second";
    autoQueue.on = true;
    await send(page);
    gate.heard({ loop: "m", directory: "e" }, "q");
    gate.queueIs(0);
    gate.sending();
    await turn();
    if (isToldFirst) gate.queueIs(1);
    gate.accepted();
    gate.proceed();
    await turn();
    for (const remaining of isToldFirst ? [2] : [1, 2]) gate.queueIs(remaining);
    const before = [gate.places.of("m", true).before, gate.places.of("l", false).before];
    assert.deepEqual(before, [0, 1]);
  }
});

test("of what the page sends of a batch that is away, what ComfyUI has accepted comes first", async () => {
  const lost = async () => {
    throw new TypeError("Failed to fetch");
  };
  const refused = async () => ({ node_errors: { 1: { class_type: "K", errors: [{ message: "no" }] } } });
  for (const [answer, first] of [
    [async () => ({ prompt_id: "p" }), 1],
    [lost, 0],
    [refused, 0],
  ]) {
    const { autoQueue, emptied, gate, leave, screen, submissions } = await setUp({ answer });
    await leave();
    await emptied();
    screen.workflow = "second";
    autoQueue.on = true;
    submissions.begin();
    gate.sending();
    assert.equal(gate.places.of("m", true).before, first);
  }
});

test("what Run (On Change) sends begins no batch", async () => {
  const { autoQueue, claims, gate } = await setUp();
  gate.stopping.stopHere();
  autoQueue.mode = "change";
  const claimed = [];
  claims.claim = (loop) => claimed.push(loop);
  gate.sending();
  gate.accepted();
  gate.heard(LOOP, "tried");
  assert.deepEqual(claimed, []);
});

test("Run (On Change) chosen in the middle of a batch ends it: nothing more is sent by itself", async () => {
  const { autoQueue, did, emptied, gate, leave, look } = await setUp();
  Object.defineProperty(autoQueue, "on", { get: () => true });
  autoQueue.mode = "change";
  Object.defineProperty(autoQueue, "runsAll", { value: false });
  await look();
  assert.equal(gate.goesOn("l"), false);
  await leave();
  await emptied();
  assert.deepEqual(did, []);
});

test("the workflow on the screen runs the loops that it names, or, if it names none, its batch's", async () => {
  let named = [];
  const { gate, screen } = await setUp({ expected: () => named });
  const seen = [gate.runs("l"), gate.runs("m")];
  gate.stopping.stopHere();
  seen.push(gate.runs("l"));
  named = ["m"]; // somebody has chosen another folder
  seen.push(gate.runs("l"), gate.runs("m"));
  named = [];
  screen.workflow = "another";
  seen.push(gate.runs("l"));
  assert.deepEqual(seen, [true, false, true, false, true, false]);
});

test("Run on a folder that was chosen after a batch was paused does not go on with that batch", async () => {
  let named = ["l"];
  const { autoQueue, gate } = await setUp({ expected: () => named });
  autoQueue.on = false; // as ComfyUI may say after it has said that the queue is empty
  assert.equal(gate.goesOn("l"), false);
  named = ["m"];
  autoQueue.on = true; // Run, and nothing is sent yet
  assert.equal(gate.goesOn("l"), false);
  named = ["l"];
  assert.equal(gate.goesOn("l"), true);
});

/** A server that does not answer until `found` is called. */
function lostServer() {
  let isLost = true;
  const answer = async () => {
    if (isLost) throw new Error("away");
    return { prompt_id: "p" };
  };
  return { answer, found: () => (isLost = false) };
}

test("a prompt that was lost before Pause is not sent after a new Run", async () => {
  const { answer, found } = lostServer();
  const page = await setUp({ answer });
  const { did, emptied, gate, leave, look, passed, pauses, screen, turn } = page;
  await leave();
  await emptied();
  gate.stopping.pause("l");
  found();
  screen.workflow = "batch's";
  await look();
  screen.value = 1000; // the person has changed the workflow
  page.autoQueue.on = true;
  await send(page);
  gate.heard(LOOP, "p");
  gate.workflowChanged();
  await turn();
  while (pauses.length > 0) await passed();
  did.length = 0;
  await leave();
  await emptied();
  assert.deepEqual(did, ["says that it goes on", "sends 1000"]);
});

test("what goes on after a loss does not wait for the pause that the loss began", async () => {
  for (const how of ["resumed", "back on the screen"]) {
    const { answer, found } = lostServer();
    const page = await setUp({ answer });
    const { did, emptied, gate, leave, look, screen } = page;
    await leave();
    await emptied();
    found();
    if (how === "resumed") {
      gate.stopping.pause("l");
      gate.stopping.resume("l");
    } else {
      screen.workflow = "batch's";
      await look();
      await look();
      await send(page);
      gate.heard(LOOP, "p");
      await leave();
    }
    did.length = 0;
    await emptied();
    assert.equal(did.length, 1, how);
    assert.match(did[0], /^sends/);
  }
});

test("a prompt that is lost after a new Run is not sent again", async () => {
  let fail;
  const page = await setUp({ answer: () => new Promise((_, refuse) => (fail = refuse)) });
  const { autoQueue, did, emptied, gate, leave, pauses, screen, turn } = page;
  await leave();
  await emptied();
  screen.workflow = "batch's";
  autoQueue.on = true;
  await send(page);
  gate.heard(LOOP, "p");
  fail(new Error("away"));
  screen.value = 1000;
  gate.workflowChanged();
  await turn();
  await leave();
  await emptied();
  assert.deepEqual([did.at(-1), pauses], ["sends 1000", []]);
});

test("the pause after a loss is the last loss's", async () => {
  const { answer } = lostServer();
  const { did, emptied, gate, leave, passed, turn } = await setUp({ answer });
  await leave();
  await emptied();
  gate.stopping.pause("l");
  gate.stopping.resume("l");
  await emptied();
  const sent = () => did.filter((what) => what.startsWith("sends")).length;
  assert.equal(sent(), 2);
  await passed(); // that of the first loss
  await turn();
  assert.equal(sent(), 2);
  await passed();
  assert.equal(sent(), 3);
});

test("a batch that is away and has not reported yet is known by the loops of its workflow", async () => {
  const { autoQueue, gate, leave, screen, turn } = await setUp({ expected: () => ["m"] });
  gate.stopping.stopHere();
  screen.graphId = "2"; // a batch that has not run in this page
  autoQueue.on = true;
  gate.queueIs(1);
  gate.sending();
  await turn();
  gate.accepted();
  await turn();
  await leave();
  assert.deepEqual([gate.isAway("m"), gate.places.of("m", false)], [true, { before: 1, isNew: true }]);
  assert.equal(gate.isOthers("p"), false);
  gate.heard({ loop: "m", directory: "d" }, "p");
  assert.deepEqual(gate.places.of("m", false), { before: 0, isNew: false });
});

test("a batch that waits for its workflow to come back waits in no queue", async () => {
  const { gate, leave } = await setUp({ needsAccount: true });
  await leave();
  gate.queueIs(1);
  assert.equal(gate.places.of("l", false), null);
});

test("a batch that was paused is not the one that runs on its node's other folder", async () => {
  const released = [];
  const { autoQueue, claims, gate, turn } = await setUp({ expected: () => ["m"] });
  gate.stopping.pause("l");
  claims.release = (loop) => released.push(loop);
  gate.queueIs(1);
  autoQueue.on = true;
  gate.sending();
  await turn();
  gate.accepted();
  const goOn = () => ["l", "m"].map((loop) => [gate.goesOn(loop), gate.places.of(loop, false) !== null]);
  const onlyTheOther = [[false, false], [true, true]];
  assert.deepEqual(goOn(), onlyTheOther);
  gate.heard({ loop: "m", directory: "e" }, "q");
  assert.deepEqual(goOn(), onlyTheOther);
  assert.deepEqual(released, ["l"]);
});

test("the end of a folder does not end the batch of another that Run was pressed for meanwhile", async () => {
  let named = ["l"];
  const page = await setUp({ expected: () => named });
  const { autoQueue, claims, gate } = page;
  const claimed = [];
  claims.claim = (loop) => claimed.push(loop);
  gate.queueIs(1); // the last image of the first folder
  named = ["m"];
  await send(page);
  gate.queueIs(2);
  // The report of the prompt that runs may come as late as this.
  gate.heard({ loop: "l", directory: "d" }, "p");
  assert.equal(gate.isElsewhere(["l"]), true);
  assert.equal(gate.stopping.switchOff(["l"]), null);
  assert.equal(autoQueue.on, true);
  gate.queueIs(1);
  gate.heard({ loop: "m", directory: "e" }, "q");
  assert.deepEqual(claimed, ["m"]);
  assert.equal(gate.stopping.switchOff(["m"]), "instant-running");
});

test("a report on a loop that the page did not name counts once nothing comes before", async () => {
  const page = await setUp({ expected: () => ["m"] });
  const { gate } = page;
  gate.stopping.stopHere();
  gate.queueIs(0);
  page.autoQueue.on = true;
  await send(page);
  gate.queueIs(1);
  gate.heard({ loop: "another", directory: "e" }, "q");
  assert.equal(gate.isElsewhere(["another"]), false);
  assert.equal(gate.stopping.switchOff(["another"]), "instant-running");
});

/** With the batch paused, a prompt of another workflow is sent, by Run (Instant) or once. */
async function sendAnother(page, workflow, { isBatch }) {
  const { autoQueue, gate, screen } = page;
  gate.queueIs(0);
  gate.stopping.pause("l");
  screen.workflow = workflow;
  autoQueue.on = isBatch;
  await send(page);
  gate.queueIs(1);
}

/**
 * Batch "x" was paused while its image runs, and "l", paused before, is continued and waits. `x` is
 * known by its reports, or else may be anybody's run of a workflow with the pack's nodes.
 */
async function continueBehind({ isBatch, ...given }) {
  const page = await setUp({ expected: () => ["l"], ...given });
  const { autoQueue, gate, screen } = page;
  await sendAnother(page, "x", { isBatch });
  if (isBatch) {
    gate.heard({ loop: "x", directory: "x" }, "px");
    gate.stopping.pause("x");
  }
  screen.workflow = "batch's";
  autoQueue.on = true;
  await send(page);
  gate.queueIs(2);
  return page;
}

test("what happens to the prompt that comes first is not about the batch that is continued", async () => {
  for (const isBatch of [true, false]) {
    for (const expected of isBatch ? [() => ["l"], () => []] : [() => ["l"]]) {
      const { did, gate } = await continueBehind({ isBatch, expected });
      gate.heard({ loop: "x", directory: "x" }, "px");
      assert.equal(gate.goesOn("x"), false);
      gate.stopping.showStopped(["x"], "px");
      assert.equal(gate.stopping.switchOff(["x"]), null);
      assert.deepEqual([gate.on, did.includes("shown stopped")], [true, false]);
      gate.queueIs(1);
      gate.heard(LOOP, "p");
      assert.equal(gate.stopping.switchOff(["l"]), "instant-running");
    }
  }
});

test("the first report counts of a batch whose loops the page did not know, if nothing comes first", async () => {
  const page = await setUp();
  const { gate } = page;
  await sendAnother(page, "opened again", { isBatch: true });
  gate.heard(LOOP, "q");
  assert.equal(gate.stopping.switchOff(["l"]), "instant-running");
});

test("a batch with nothing in the queue comes after all that is there", async () => {
  const { emptied, gate, leave, screen, turn } = await setUp();
  gate.queueIs(5);
  gate.queueIs(4); // its own prompt has ended
  assert.deepEqual(gate.places.of("l", true), { before: 4, isNew: false });
  gate.stopping.pause("l");
  screen.workflow = "another";
  gate.queueIs(3);
  gate.stopping.resume("l");
  await turn();
  assert.deepEqual(gate.places.of("l", false), { before: 3, isNew: true });
  await emptied(); // it is sent
  gate.queueIs(3); // with two of somebody else's
  assert.equal(gate.places.of("l", false).before, 0);
  await leave();
});

test("what comes before a prompt moves up while that is being sent", async () => {
  const { gate, turn } = await setUp();
  gate.queueIs(0);
  gate.queueIs(2); // somebody else's
  gate.sending();
  await turn();
  assert.equal(gate.places.of("l", true).before, 2);
  gate.queueIs(1);
  assert.equal(gate.places.of("l", true).before, 1);
  gate.queueIs(3); // more of somebody else's, which come later
  assert.equal(gate.places.of("l", true).before, 1);
  gate.queueIs(2);
  gate.queueIs(1);
  gate.sending();
  for (let nodes = 0; nodes < 2; nodes += 1) gate.accepted(); // of two Directory Iterators
  gate.queueIs(2);
  gate.queueIs(1);
  assert.equal(gate.places.of("l", true).before, 0);
  gate.heard(LOOP, "q");
  gate.queueIs(4);
  gate.queueIs(3);
  assert.equal(gate.places.of("l", true).before, 3);
});

test("a queue that is empty has nothing of a batch, whatever was heard of it before", async () => {
  const page = await setUp();
  const { gate, submissions } = page;
  gate.queueIs(0);
  gate.queueIs(1);
  await send(page);
  gate.queueIs(0); // ComfyUI has told of none in between
  submissions.begin();
  gate.queueIs(1);
  assert.equal(gate.places.of("l", true).before, 1);
});

test("a batch that goes on for new images does not wait for what was reported before it ended", async () => {
  const { did, gate, screen, server, turn } = await setUp();
  gate.queueIs(0);
  const mode = gate.stopping.switchOff(["l"]);
  screen.workflow = "another";
  gate.stopping.goOn(mode, 2, ["l"]);
  await turn();
  server.loops = [stands("stop", { complete: true })];
  gate.queueIs(undefined);
  gate.queueIs(0);
  gate.proceed();
  await turn();
  assert.equal(gate.isAway("l"), true);
  assert.equal(did.includes("asks for l"), false);
});

test("a batch that another tab runs is not started, and that is said, until it runs here", async () => {
  const page = await setUp({ expected: () => ["l"] });
  const { autoQueue, claims, did, gate, notice, screen } = page;
  gate.stopping.stopHere();
  screen.workflow = "opened again";
  claims.areElsewhere = async (loops) => loops.includes("l");
  await gate.start();
  const { told } = notice;
  await gate.start();
  assert.equal(notice.told, told); // it takes the place of the first
  assert.deepEqual(did, Array(2).fill("says that it is elsewhere, only"));
  claims.areElsewhere = async () => false;
  await gate.start();
  assert.deepEqual(did.slice(2), ["starts"]);
  const hidden = [];
  notice.hide = (batch) => hidden.push(batch);
  autoQueue.on = true;
  await send(page);
  assert.equal(hidden.includes(told), true);
});

test("a second click on Run does nothing until the first has sent, and another workflow waits", async () => {
  const { autoQueue, did, gate, submissions, turn } = await setUp();
  gate.stopping.stopHere();
  let login;
  const loggedIn = new Promise((resolve) => (login = resolve));
  autoQueue.start = async () => {
    did.push("starts");
    await loggedIn;
    submissions.begin();
  };
  const clicks = [gate.start(), gate.start()];
  let isFree = false;
  const free = gate.beforeAnother().then(() => (isFree = true));
  await turn();
  login();
  await Promise.all(clicks);
  assert.deepEqual([did, isFree], [["starts"], false]);
  submissions.end();
  await turn();
  await free;
  await Promise.all([gate.start(), turn()]);
  assert.deepEqual(did, ["starts", "starts"]);
});

/** A page with a real Auto Queue on ComfyUI's, which looks who is logged in before it sends. */
async function slowLogin() {
  const settings = { mode: "instant-running", batchCount: 1 };
  const logins = [];
  const app = { ui: {}, extensionManager: { queueSettings: settings }, processingQueue: false };
  const elements = { querySelector: () => ({}), getElementById: () => null };
  const page = await setUp({ autoQueue: new AutoQueue(app, () => elements) });
  page.gate.stopping.stopHere();
  settings.mode = "disabled";
  const { did, gate, submissions } = page;
  app.queuePrompt = async () => {
    did.push("ComfyUI is asked");
    if (app.processingQueue) return false;
    app.processingQueue = true;
    const isLoggedIn = await new Promise((resolve) => logins.push(resolve)).finally(
      () => (app.processingQueue = false),
    );
    if (!isLoggedIn) return false;
    submissions.begin();
    gate.sending();
    return true;
  };
  return { ...page, app, logins, settings };
}

test("Run, Pause and Run again before ComfyUI sends goes on", async () => {
  const { did, gate, logins, settings, turn } = await slowLogin();
  const first = gate.start();
  await turn();
  gate.stopping.pause(null);
  assert.equal(settings.mode, "disabled");
  await gate.start();
  logins[0](true);
  await first;
  assert.deepEqual([settings.mode, gate.runsHere, did], ["instant-running", true, ["ComfyUI is asked"]]);
});

test("a second click on Run, before it is known whether another tab runs, changes no mode", async () => {
  const { claims, did, gate, logins, settings, turn } = await slowLogin();
  const before = gate.start();
  await turn();
  logins[0](false);
  await before;
  claims.areElsewhere = async () => true;
  await Promise.all([gate.start(), gate.start()]);
  assert.deepEqual([settings.mode, did.slice(1)], ["disabled", ["says that it is elsewhere, only"]]);
});

for (const [why, login] of [
  ["nobody is logged in", async () => false],
  ["it cannot find out who is", () => Promise.reject(new Error("no network"))],
])
  test(`Run is off again if ComfyUI sends nothing: ${why}`, async () => {
    const { gate, logins, settings, turn } = await slowLogin();
    const run = gate.start();
    await turn();
    logins[0](login());
    await run.catch(() => {});
    assert.deepEqual([settings.mode, gate.runsHere], ["disabled", false]);
  });

test("Run of a batch that runs leaves it running", async () => {
  const { did, gate, settings } = await slowLogin();
  settings.mode = "instant-running";
  await gate.start();
  assert.deepEqual([settings.mode, did], ["instant-running", []]);
});

test("Run is not lost while something else is asked for", async () => {
  const { did, gate, logins, settings, submissions, turn } = await slowLogin();
  const tried = submissions.ask(() => gate.queueOne());
  await turn();
  await gate.start();
  logins[0](true);
  await tried;
  assert.deepEqual([settings.mode, did], ["instant-running", Array(2).fill("ComfyUI is asked")]);
});

test("a batch that runs goes on, though an image that is tried is not sent for long", async (context) => {
  const { autoQueue, gate, submissions } = await setUp();
  submissions.ask(() => new Promise(() => {}));
  context.mock.method(submissions, "over", async () => {});
  await gate.beforeAnother();
  assert.equal(autoQueue.on, true);
});

test("Run stays on while ComfyUI sends something else before", async () => {
  const { app, gate, settings } = await slowLogin();
  app.processingQueue = true;
  await gate.start();
  assert.deepEqual([settings.mode, gate.runsHere], ["instant-running", true]);
});

test("another workflow that has waited for long for Run to send is not repeated", async (context) => {
  const { gate, settings, submissions, turn } = await slowLogin();
  gate.start();
  await turn();
  assert.equal(settings.mode, "instant-running");
  context.mock.method(submissions, "over", async () => {});
  await gate.beforeAnother();
  assert.equal(settings.mode, "disabled");
});

test("Run sends nothing of another workflow that has come meanwhile", async () => {
  const { claims, did, gate, screen } = await setUp();
  gate.stopping.stopHere();
  for (const isElsewhere of [false, true]) {
    screen.workflow = "batch's";
    claims.areElsewhere = async () => {
      screen.workflow = "another";
      return isElsewhere;
    };
    await gate.start();
  }
  assert.deepEqual(did, []);
});

test("of folders chosen one after the other, none that comes first ends the last one", async () => {
  let named = ["l"];
  const page = await setUp({ expected: () => named });
  const { autoQueue, gate } = page;
  gate.queueIs(1); // the last image of the first
  for (const [loop, remaining] of [["m", 2], ["n", 3]]) {
    named = [loop];
    await send(page);
    gate.queueIs(remaining);
  }
  for (const [loop, remaining] of [["l", 2], ["m", 1]]) {
    gate.heard({ loop, directory: "d" }, `of ${loop}`);
    assert.equal(gate.stopping.switchOff([loop]), null);
    gate.queueIs(remaining);
  }
  assert.equal(autoQueue.on, true);
  gate.heard({ loop: "n", directory: "d" }, "of n");
  assert.equal(gate.stopping.switchOff(["n"]), "instant-running");
});
