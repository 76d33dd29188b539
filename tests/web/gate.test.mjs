import assert from "node:assert/strict";
import test from "node:test";
import { Gate } from "../../web/lib/gate/gate.js";
import { Sender } from "../../web/lib/gate/sender.js";
import { Submissions } from "../../web/lib/submissions.js";

const LOOP = { loop: "l", directory: "d" };

/** A gate on a fake page; `turn()` runs what waits, and `look()` is the page's own looking. */
async function setUp({ needsAccount = false, answer = async () => ({ prompt_id: "p" }) } = {}) {
  const waiting = [];
  const later = (run) => waiting.push(run);
  const turn = async () => {
    do {
      waiting.shift()?.();
      await new Promise((resume) => setImmediate(resume));
    } while (waiting.length > 0);
  };
  const did = [];
  const autoQueue = {
    on: true,
    runsAll: true,
    mode: "instant",
    heldBackBy: undefined,
    switchOff() {
      const mode = this.on ? "instant" : null;
      this.on = false;
      return mode;
    },
    switchToPlain() {
      return this.switchOff();
    },
    switchOn() {
      this.on = true;
    },
    showStopped: () => did.push("shown stopped"),
    goOn: () => did.push("goes on here"),
    queueAgain: () => did.push("ComfyUI queues"),
  };
  const screen = {
    workflow: "batch's",
    graphId: "1",
    has: ({ graphId, workflow }) => workflow === screen.workflow && graphId === screen.graphId,
    value: 5,
    async copy() {
      let { value } = screen;
      return { needsAccount, next: () => value++, advance: () => (value += 1) };
    },
    giveBack: () => did.push("gives back"),
  };
  const say = (what) => (_, reason) => did.push(reason ? `${what}: ${reason}` : what);
  const notice = {
    goesOn: say("says that it goes on"),
    waits: say("says that it waits"),
    refused: say("refused"),
    elsewhere: say("says that it is elsewhere"),
    hide() {},
  };
  const api = {
    async queuePrompt(_, value) {
      did.push(`sends ${value}`);
      return answer();
    },
  };
  const claims = { claim() {}, release() {} };
  const submissions = new Submissions({ later });
  const sender = new Sender(api, submissions);
  let looks = null;
  const every = (run) => {
    looks = run;
    return () => (looks = null);
  };
  const gate = new Gate({ autoQueue, claims, notice, screen, sender, submissions, later, every });
  gate.sending();
  await turn();
  gate.accepted();
  gate.heard(LOOP);
  screen.value += 1;
  await turn();
  const look = async () => {
    looks?.();
    await turn();
  };
  const leave = async () => {
    screen.workflow = "another";
    await look();
  };
  const emptied = async () => {
    gate.queueIs(0);
    gate.proceed();
    await turn();
  };
  return { autoQueue, claims, did, emptied, gate, leave, look, notice, screen, submissions, turn };
}

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
  assert.equal(gate.switchOff(["another"]), null);
  assert.equal(gate.switchOff(["l"]), "instant");
  await emptied();
  assert.deepEqual(did, ["says that it goes on"]);
});

test("the last report of a batch that has ended away stops nothing on the screen", async () => {
  const { autoQueue, gate, leave } = await setUp();
  await leave();
  gate.switchOff(["l"]);
  autoQueue.on = true; // somebody has chosen Run (Instant) for the other workflow
  assert.equal(gate.switchOff(["l"]), null);
  assert.equal(autoQueue.on, true);
});

test("a batch that is away can be paused", async () => {
  const { did, emptied, gate, leave, notice } = await setUp();
  notice.goesOn = (batch) => (notice.shown = batch);
  await leave();
  gate.pause(notice.shown);
  await emptied();
  assert.deepEqual([gate.on, did], [false, []]);
});

test("another batch's end does not stop the one on the screen", async () => {
  const { autoQueue, gate } = await setUp();
  assert.equal(gate.switchOff(["another"]), null);
  assert.equal(autoQueue.on, true);
  assert.equal(gate.switchOff(["l"]), "instant");
  assert.equal(autoQueue.on, false);
});

test("a batch that watches goes on while it is away", async () => {
  const { did, emptied, gate, leave } = await setUp();
  await leave();
  const mode = gate.switchOff(["l"]);
  assert.equal(gate.canGoOn(["l"]), true);
  gate.goOn(mode, 2, ["l"]);
  await emptied();
  assert.deepEqual(did.slice(1), ["says that it goes on", "sends 6"]);
});

test("what ComfyUI refuses ends it, and a server that is away does not", async () => {
  const answers = [
    () => Promise.reject(new TypeError("Failed to fetch")),
    () => Promise.reject({ response: { error: { message: "no", details: "such folder" } } }),
  ];
  const { did, emptied, gate, leave } = await setUp({ answer: () => answers.shift()() });
  await leave();
  await emptied();
  await emptied();
  assert.equal(gate.on, false);
  assert.deepEqual(did, [
    "says that it goes on",
    "sends 6",
    "sends 7",
    "refused: no: such folder",
  ]);
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

test("a loop that another tab runs is left to it", async () => {
  const { autoQueue, claims, did, gate } = await setUp();
  claims.claim = (loop, refused) => refused();
  gate.heard(LOOP);
  assert.equal(autoQueue.on, false);
  assert.deepEqual(did, ["says that it is elsewhere"]);
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
