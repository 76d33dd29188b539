import assert from "node:assert/strict";
import test from "node:test";
import { Refused } from "../../web/lib/requests.js";
import { LOOP, RAN_AT, setUp, stands } from "./gate_page.mjs";

test("while the server is lost, ComfyUI is kept from queueing, and the batch still goes on", async () => {
  const { autoQueue, did, gate, look } = await setUp();
  gate.queueIs(1);
  gate.queueIs(undefined);
  await look();
  assert.deepEqual([autoQueue.on, gate.on, gate.runsHere, gate.goesOn("l")], [false, true, true, true]);
  gate.refused(); // what ComfyUI was sending to the server that was away
  gate.queueIs(1); // it was only out of reach
  assert.equal(autoQueue.on, true);
  assert.deepEqual(did, []);
});

test("once a lost server is back, it is asked whether the batch goes on", async () => {
  const { autoQueue, did, gate, turn } = await setUp();
  gate.queueIs(undefined);
  gate.queueIs(0);
  gate.queueIs(0);
  await turn();
  assert.deepEqual(did, ["asks for l", "ComfyUI queues"]);
  assert.equal(autoQueue.on, true);
  gate.queueIs(1);
  gate.queueIs(0);
  await turn();
  gate.refused();
  assert.deepEqual(did, ["asks for l", "ComfyUI queues", "shown stopped"]);
});

test("a server that was out of reach is asked once its queue is empty", async () => {
  const { autoQueue, did, gate, server, turn } = await setUp();
  server.loops = [stands("stop")];
  gate.queueIs(undefined);
  gate.queueIs(1);
  gate.queueIs(0);
  assert.equal(autoQueue.on, false);
  await turn();
  assert.deepEqual(did, ["asks for l"]);
  assert.deepEqual([autoQueue.on, gate.on], [false, false]);
});

test("a server that knows no outcome yet, or does not answer, is asked again", async () => {
  const { did, gate, passed, server, turn } = await setUp();
  server.loops = null;
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  server.loops = [stands("stop", { finishing: 1 })];
  assert.equal(await passed(), 2000);
  server.loops = [stands("stop")];
  assert.equal(await passed(), 250);
  assert.deepEqual(did, ["asks for l", "asks for l", "asks for l"]);
  assert.equal(gate.on, false);
});

test("a batch that is away goes on after a loss only if the server says so", async () => {
  for (const next of ["go", "stop"]) {
    const { did, emptied, gate, leave, server } = await setUp();
    await leave();
    server.loops = [stands(next)];
    gate.queueIs(undefined);
    await emptied();
    assert.deepEqual(did.slice(1), ["asks for l", ...(next === "go" ? ["sends 6"] : [])]);
    assert.equal(gate.on, next === "go");
  }
});

test("a batch whose workflow leaves the screen during a loss goes on away", async () => {
  const { did, emptied, gate, leave } = await setUp();
  gate.queueIs(undefined);
  await leave();
  assert.equal(gate.isAway("l"), true);
  await emptied();
  assert.deepEqual(did, ["says that it goes on", "asks for l", "sends 6"]);
});

test("after a loss nothing is queued that has stopped, has been sent, or is held back", async () => {
  const happenings = [
    ({ gate }) => gate.stopping.stopHere(),
    ({ gate }) => gate.queueIs(1),
    ({ gate }) => gate.queueIs(undefined),
    ({ autoQueue }) => (autoQueue.heldBackBy = "p"),
  ];
  for (const happens of happenings) {
    const page = await setUp();
    page.gate.queueIs(undefined);
    page.gate.queueIs(0);
    await happens(page);
    await page.turn();
    assert.equal(page.did.includes("ComfyUI queues"), false);
  }
});

test("only the loops of the last prompts are asked about", async () => {
  const { did, gate, turn } = await setUp();
  for (const [loop, prompt] of [["a", "1"], ["b", "2"], ["c", "2"]]) gate.heard({ loop }, prompt);
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  assert.equal(did[0], "asks for a,b,c");
});

test("the loops of an earlier Run are not asked about: a Cancel from then ends nothing", async () => {
  const { autoQueue, did, gate, server, turn } = await setUp();
  gate.stopping.switchOff(["l"]);
  server.loops = [stands("stop", { interrupted: true }), stands("go", { id: "m" })];
  autoQueue.on = true; // the node has another folder, and somebody presses Run
  gate.sending();
  await turn();
  gate.accepted();
  gate.heard({ loop: "m", directory: "e" }, "q");
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  assert.deepEqual([did, gate.on], [["asks for m", "ComfyUI queues"], true]);
});

/** The page knows the loop, and that it has something left. */
const WITH_ONE_LEFT = {
  expected: () => ["l"],
  stood: () => new Map([["l", { complete: false, ran_at: RAN_AT }]]),
};

/** Continue is pressed, on the screen or away, and the server is lost before anything reports. */
async function continueAndLose(isAway, loops) {
  const page = await setUp(WITH_ONE_LEFT);
  const { autoQueue, emptied, gate, leave, server, turn } = page;
  if (isAway) await leave();
  gate.stopping.switchOff(["l"]);
  if (isAway) gate.stopping.resume("l");
  else {
    autoQueue.on = true;
    gate.sending();
  }
  server.loops = loops;
  gate.queueIs(undefined);
  gate.refused();
  await turn();
  await emptied();
  return page;
}

test("Continue counts after a Cancel or an error, although the server was lost before a report", async () => {
  for (const isAway of [false, true]) {
    for (const given of [{ interrupted: true }, { interrupted: false }]) {
      // The page has heard that it ran, but the cards of what was away were not told when.
      const ranAt = RAN_AT + Number(isAway);
      const loop = stands("stop", { complete: false, ran_at: ranAt, ...given });
      const { did, gate } = await continueAndLose(isAway, [loop]);
      assert.deepEqual(did.slice(-2), ["asks for l", isAway ? "sends 6" : "ComfyUI queues"]);
      assert.equal(gate.on, true);
    }
  }
});

test("an end counts that came before anything was heard of the last image", async () => {
  for (const isAway of [false, true]) {
    const { did, gate } = await continueAndLose(isAway, [stands("stop", { complete: true })]);
    assert.deepEqual([did.at(-1), gate.on], ["asks for l", false]);
  }
});

/**
 * Run is pressed for loops, with how those of them stand that have run, and the server is lost
 * before anything reports. It then knows `loops`.
 */
async function runAndLose({ expected, stood = [], loops, resumed = false }) {
  const given = { expected: () => expected, stood: () => new Map(stood.map((each) => [each.id, each])) };
  const page = await setUp(given);
  const { autoQueue, did, emptied, gate, look, screen, server, turn } = page;
  gate.stopping.stopHere();
  screen.workflow = "another batch's";
  autoQueue.on = true;
  gate.sending();
  await turn();
  gate.accepted();
  gate.queueIs(1);
  if (resumed) {
    gate.stopping.pause(expected[0]);
    screen.workflow = "no batch's";
    await look();
    gate.stopping.resume(expected[0]);
  }
  server.loops = loops;
  did.length = 0;
  gate.queueIs(undefined);
  await emptied();
  return { did, goesOn: gate.on };
}

test("the end of a batch counts that had never run, though the server was lost before a report", async () => {
  for (const resumed of [false, true]) {
    const [done, none] = [[stands("stop", { complete: true })], []];
    const ended = await runAndLose({ expected: ["l"], loops: done, resumed });
    assert.deepEqual(ended, { did: ["asks for l"], goesOn: false });
    const { did, goesOn } = await runAndLose({ expected: ["l"], loops: none, resumed });
    assert.deepEqual([did, goesOn], [["asks for l", resumed ? "sends 7" : "ComfyUI queues"], true]);
  }
});

test("a complete batch that was begun again has ended only if it has run since", async () => {
  const stood = [stands("stop", { complete: true })];
  for (const next of ["stop", "watch", "wait"]) {
    for (const hasRun of [false, true]) {
      const loops = [stands(next, { complete: true, ran_at: RAN_AT + Number(hasRun) })];
      const { did, goesOn } = await runAndLose({ expected: ["l"], stood, loops });
      assert.deepEqual([did[0], goesOn], ["asks for l", !hasRun]);
    }
  }
});

test("a complete batch has not begun again if one of its loops only was complete before", async () => {
  const stood = [stands("stop", { complete: true }), stands("go", { id: "m", complete: false })];
  for (const m of [
    stands("stop", { id: "m", complete: true, ran_at: RAN_AT + 1 }),
    stands("stop", { id: "m", complete: true }),
  ]) {
    const { goesOn } = await runAndLose({ expected: ["l", "m"], stood, loops: [stood[0], m] });
    assert.equal(goesOn, m.ran_at === RAN_AT);
  }
});

test("a loop whose node is off is not asked about", async () => {
  const stood = [stands("go", { complete: false }), stands("go", { id: "off", complete: false })];
  const loops = [stands("stop", { complete: true }), stood[1]];
  const ended = await runAndLose({ expected: ["l"], stood, loops });
  assert.deepEqual(ended, { did: ["asks for l"], goesOn: false });
});

test("a loop that the server does not know yet goes on, unless another has stopped since Run", async () => {
  const stood = [stands("go", { complete: false })];
  const later = { ran_at: RAN_AT + 1 };
  for (const [loop, expected] of [
    [stands("stop", { complete: true, ...later }), true],
    [stands("go", { complete: false, ...later }), true],
    [stands("stop", { complete: false }), true],
    [stands("stop", { complete: false, ...later }), false],
    [stands("go", { complete: false, interrupted: true, ...later }), false],
  ]) {
    const { did, goesOn } = await runAndLose({ expected: ["l", "m"], stood, loops: [loop] });
    assert.deepEqual([did[0], goesOn], ["asks for l,m", expected]);
  }
});

test("a loop that has not run since Run still waits for other servers' last images", async () => {
  const stood = [stands("go", { complete: false })];
  const { goesOn } = await runAndLose({ expected: ["l"], stood, loops: [stands("wait", { complete: false })] });
  assert.equal(goesOn, false);
});

test("a loop that has run, and that the server does not know any more, does not go on", async () => {
  const stood = [stands("go", { complete: false })];
  const { goesOn } = await runAndLose({ expected: ["l"], stood, loops: [] });
  assert.equal(goesOn, false);
});

/** A second batch begins on the screen, while that of `setUp` is away. */
async function begin({ autoQueue, gate, screen, turn }) {
  screen.workflow = "second";
  autoQueue.on = true;
  gate.sending();
  await turn();
  gate.accepted();
  gate.heard({ loop: "m", directory: "e" }, "q");
  await turn();
}

test("a batch on the screen goes on while the end of one that is away is waited for", async () => {
  const page = await setUp();
  const { autoQueue, did, gate, leave, passed, server, turn } = page;
  gate.queueIs(1);
  await leave();
  await begin(page);
  server.loops = [stands("stop", { finishing: 1 }), stands("go", { id: "m" })];
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  assert.deepEqual([autoQueue.on, did.at(-1)], [true, "ComfyUI queues"]);
  gate.queueIs(1);
  gate.queueIs(0); // its prompt has ended: ComfyUI queues the next
  assert.equal(autoQueue.on, true);
  server.loops[0].finishing = 0;
  await passed();
  await turn();
  assert.deepEqual([gate.isAway("l"), gate.runsHere], [false, true]);
});

test("a batch that begins after the loss is not held for one that was there before", async () => {
  const page = await setUp({ needsAccount: true });
  const { autoQueue, gate, leave, server, turn } = page;
  gate.queueIs(1);
  await leave();
  gate.queueIs(undefined);
  server.loops = null; // it does not answer yet
  gate.queueIs(0);
  await turn();
  await begin(page);
  gate.queueIs(1);
  gate.queueIs(0);
  assert.equal(autoQueue.on, true);
});

test("a batch that was paused during a loss goes on away from the screen", async () => {
  const { did, gate, screen, turn } = await setUp();
  gate.queueIs(undefined);
  gate.stopping.pause("l");
  gate.queueIs(0);
  await turn();
  screen.workflow = "another";
  assert.equal(gate.stopping.resume("l"), true);
  await turn();
  assert.deepEqual(did, ["says that it goes on", "sends 6"]);
});

test("a batch that was paused during a loss keeps its mode of Run", async () => {
  const { autoQueue, gate, look, screen } = await setUp();
  gate.queueIs(undefined);
  gate.stopping.pause("l");
  gate.queueIs(0);
  screen.workflow = "another";
  gate.stopping.resume("l");
  screen.workflow = "batch's";
  for (let times = 0; times < 3; times += 1) await look();
  assert.deepEqual([autoQueue.mode, gate.runsHere], ["instant-running", true]);
});

test("a stop during a loss tells the mode that the batch was in, once", async () => {
  const { gate } = await setUp();
  gate.queueIs(undefined);
  assert.equal(gate.stopping.switchOff(["l"]), "instant-running");
  assert.equal(gate.stopping.switchOff(["l"]), null);
  assert.equal(gate.on, false);
});

test("another mode of Run that is chosen during a loss stays, and stops the batch", async () => {
  const { autoQueue, did, gate, turn } = await setUp();
  gate.queueIs(undefined);
  autoQueue.mode = "disabled";
  gate.queueIs(0);
  await turn();
  assert.deepEqual([autoQueue.mode, gate.on], ["disabled", false]);
  assert.equal(did.includes("ComfyUI queues"), false);
});

test("another mode of Run that is chosen while the server is asked stays, too", async () => {
  const { autoQueue, did, gate, passed, server, turn } = await setUp();
  server.loops = null;
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  autoQueue.mode = "disabled";
  server.loops = [stands("go")];
  await passed();
  assert.deepEqual([autoQueue.mode, did.includes("ComfyUI queues")], ["disabled", false]);
});

test("a stop counts that follows a Run during a loss", async () => {
  const { autoQueue, gate, turn } = await setUp();
  gate.queueIs(undefined);
  autoQueue.on = true;
  gate.sending();
  gate.refused(); // by nobody: it did not arrive
  autoQueue.on = false;
  gate.queueIs(0);
  await turn();
  assert.deepEqual([autoQueue.on, gate.on], [false, false]);
});

test("a stop counts that follows another mode of Run and a new Run", async () => {
  const { autoQueue, gate, look, turn } = await setUp();
  gate.queueIs(undefined);
  autoQueue.mode = "disabled";
  await look();
  assert.equal(gate.on, false);
  autoQueue.on = true;
  gate.sending();
  await turn();
  autoQueue.on = false;
  assert.equal(gate.on, false);
});

test("a stop counts when the workflow has left the screen and come back during a loss", async () => {
  const { autoQueue, gate, leave, look, screen, turn } = await setUp();
  gate.queueIs(undefined);
  await leave();
  screen.workflow = "batch's";
  for (let times = 0; times < 3; times += 1) await look();
  assert.equal(autoQueue.on, true);
  autoQueue.on = false;
  await look();
  gate.queueIs(0);
  await turn();
  assert.deepEqual([autoQueue.on, gate.on], [false, false]);
});

test("what begins on the screen during a loss is not held in place of what was there", async () => {
  const { autoQueue, gate, screen } = await setUp();
  gate.queueIs(undefined);
  screen.workflow = "another";
  autoQueue.on = true;
  gate.sending();
  autoQueue.on = false;
  assert.deepEqual([gate.on, gate.runsHere], [false, false]);
});

test("the server is asked once nothing is being sent any more", async () => {
  const { did, gate, submissions, turn } = await setUp();
  submissions.begin();
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  assert.deepEqual(did, []);
  submissions.end();
  await until(() => did.includes("ComfyUI queues"), turn);
  assert.equal(did[0], "asks for l");
});

test("nothing is queued while ComfyUI is sending again", async () => {
  const { did, gate, passed, server, submissions, turn } = await setUp();
  server.loops = null;
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  submissions.begin();
  server.loops = [stands("go")];
  await passed();
  assert.deepEqual(did, ["asks for l", "asks for l"]);
});

test("images that other servers work on are not waited for", async () => {
  const { did, gate, pauses, server, turn } = await setUp();
  server.loops = [stands("wait", { running: 1 })];
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  assert.deepEqual([did, pauses, gate.on], [["asks for l"], [], false]);
});

test("an outcome that does not come is not waited for for ever", async () => {
  const { did, gate, passed, pauses, server, turn } = await setUp();
  server.loops = [stands("go", { running: 1 })];
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  for (let times = 1; times < 40; times += 1) assert.equal(await passed(), 250);
  assert.deepEqual([pauses.length, did.length, did.at(-1)], [0, 41, "ComfyUI queues"]);
});

test("a batch that stops while the server is asked is left alone", async () => {
  const { did, gate, passed, server, turn } = await setUp();
  let asked = 0;
  server.loops = null;
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  gate.stopping.stopHere();
  server.loops = [{ ...stands("go"), get next() {
    asked += 1;
    return "go";
  } }];
  await passed();
  assert.equal(did.includes("ComfyUI queues"), false);
  assert.equal(asked, 0);
});

test("a batch of which the server will not say how it stands ends", async () => {
  const { autoQueue, did, gate, pauses, server, turn } = await setUp();
  server.loops = null;
  server.error = new Refused("There is no such route.", 404);
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  assert.deepEqual([did, pauses], [["asks for l", "unknown: l"], []]);
  assert.deepEqual([autoQueue.on, gate.on], [false, false]);
});

test("a refusal counts for nothing once the answer is obsolete", async () => {
  const { did, gate, server, turn } = await setUp();
  let refuse;
  const slow = new Promise((_, reject) => (refuse = reject));
  server.loops = { filter: () => slow };
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  gate.queueIs(undefined);
  refuse(new Refused("Forbidden", 403));
  await turn();
  assert.deepEqual([did, gate.on], [["asks for l"], true]);
  server.loops = [stands("go")];
  gate.queueIs(0);
  await turn();
  assert.deepEqual(did.slice(1), ["asks for l", "ComfyUI queues"]);
});

test("a batch that cannot go on ends, and the console says why", async (t) => {
  const { did, gate, server, turn } = await setUp();
  const said = t.mock.method(console, "error", () => {});
  server.loops = [{ ...stands("go"), get next() {
    throw new Error("a fault");
  } }];
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  assert.deepEqual([did.at(-1), gate.on], ["unknown: l", false]);
  assert.match(String(said.mock.calls[0].arguments[1]), /a fault/);
});

test("a prompt that hangs since the loss, and fails once the server is back, was not refused", async () => {
  const { did, gate, look, submissions, turn } = await setUp();
  gate.queueIs(0); // its image has ended, and ComfyUI sends the next
  gate.sending();
  submissions.begin();
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  gate.refused();
  submissions.end();
  await until(() => did.includes("ComfyUI queues"), turn);
  await look();
  assert.deepEqual([did, gate.on], [["asks for l", "ComfyUI queues"], true]);
});

test("a prompt that runs unheard after Continue, and is cancelled or fails, stops the batch", async () => {
  for (const given of [{ interrupted: true }, { next: "stop" }]) {
    const page = await setUp(WITH_ONE_LEFT);
    const { autoQueue, did, gate, server, turn } = page;
    gate.stopping.switchOff(["l"]);
    autoQueue.on = true;
    gate.sending();
    await turn();
    gate.accepted();
    gate.queueIs(3); // it waits behind two others
    gate.queueIs(undefined);
    server.loops = [stands("go", { complete: false, ran_at: RAN_AT + 1, ...given })];
    gate.queueIs(0);
    await turn();
    assert.deepEqual([did, gate.on], [["asks for l"], false]);
  }
});

test("an answer counts although another batch runs meanwhile", async () => {
  const page = await setUp();
  const { autoQueue, did, gate, leave, passed, pauses, server, turn } = page;
  await leave();
  await begin(page);
  server.loops = [stands("go", { running: 1 }), stands("go", { id: "m" })];
  gate.queueIs(undefined);
  for (let rounds = 0; rounds < 3; rounds += 1) {
    gate.queueIs(0);
    gate.proceed();
    await turn();
    gate.sending();
    await turn();
    gate.accepted();
    gate.queueIs(1);
    if (rounds < 2) await passed();
  }
  assert.equal(did.filter((what) => what === "asks for l").length, 3);
  server.loops[0].running = 0;
  while (pauses.length > 0) await passed();
  assert.deepEqual([did.at(-1), autoQueue.on], ["sends 6", true]);
});

test("once a person has pressed Run again, an answer to what was asked before ends nothing", async () => {
  const { autoQueue, gate, server, turn } = await setUp();
  let tell;
  const slow = new Promise((resolve) => (tell = resolve));
  server.loops = { filter: () => slow };
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  autoQueue.on = true;
  gate.sending();
  tell([stands("stop")]);
  await turn();
  assert.equal(gate.on, true);
});

test("only what runs a whole batch, and is on the screen, is held while the server is lost", async () => {
  const another = await setUp();
  another.screen.workflow = "another";
  another.autoQueue.mode = "change";
  another.gate.queueIs(undefined);
  assert.equal(another.autoQueue.mode, "change");
  const once = await setUp();
  Object.defineProperty(once.autoQueue, "runsAll", { value: false });
  once.gate.queueIs(undefined);
  assert.equal(once.autoQueue.on, true);
});

test("back on the screen while the server is asked, a batch is not queued before it has answered", async () => {
  const { did, gate, leave, look, passed, screen, server, turn } = await setUp();
  await leave();
  server.loops = null;
  gate.queueIs(undefined);
  gate.queueIs(0);
  await turn();
  screen.workflow = "batch's";
  for (let times = 0; times < 3; times += 1) await look();
  assert.equal(did.includes("ComfyUI queues"), false);
  server.loops = [stands("go")];
  await passed();
  assert.equal(did.at(-1), "ComfyUI queues");
});

test("what is started while the server is lost is not refused, and is sent once it is back", async () => {
  for (const isBack of [false, true]) {
    const { autoQueue, did, gate, look, screen, turn } = await setUp();
    gate.stopping.stopHere();
    gate.queueIs(undefined);
    screen.workflow = "another batch's";
    autoQueue.on = true;
    gate.sending();
    if (isBack) gate.queueIs(0);
    gate.refused();
    if (!isBack) gate.queueIs(0);
    await turn();
    await look();
    assert.deepEqual([did, gate.on], [["ComfyUI queues"], true]);
  }
});

/** Wait until something is so, for a second at most. */
async function until(isSo, turn) {
  const end = Date.now() + 1_000;
  while (!isSo() && Date.now() < end) await turn();
}
