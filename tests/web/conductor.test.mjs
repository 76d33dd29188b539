import assert from "node:assert/strict";
import test from "node:test";
import { Conductor } from "../../web/lib/conductor.js";
import { Submissions } from "../../web/lib/submissions.js";

const SKIP = "go";
const STOP = "stop";

/** A conductor with a fake Auto Queue; `turn()` runs what waits for the frontend. */
function setUp({ on = true } = {}) {
  const waiting = [];
  const later = (run) => waiting.push(run);
  const autoQueue = {
    on,
    heldBackBy: undefined,
    did: [],
    switchOff() {
      this.did.push("off");
      const mode = this.on ? "instant" : null;
      this.on = false;
      return mode;
    },
    showStopped() {
      this.did.push("shown stopped");
    },
    refused() {
      this.did.push("refused");
    },
    queueAgain() {
      if (this.on) this.did.push("queued");
    },
    away: [],
    isElsewhere: (loops) => loops.some((loop) => autoQueue.away.includes(loop)),
    hasSent: (promptId) => promptId === "sent by the gate",
    heard() {},
    proceed() {},
    isOthers: (promptId) => promptId === "somebody else's",
    beginning: null,
    stopHere: () => autoQueue.switchOff(),
  };
  const told = [];
  const notices = {
    processed: (iterations) => iterations.forEach(({ filename }) => told.push(filename)),
    stopped: () => told.push("stopped"),
    unknown: (ids, error) => told.push("unknown", ids, error),
    paused: () => told.push("paused"),
    pausedBetween: (iterations, { isRunning } = {}) =>
      iterations.forEach(() => told.push(isRunning ? "cancelling" : "paused between")),
    ranInPart: (iterations) => told.push(...iterations.flatMap(({ without }) => without)),
  };
  const watch = {
    did: [],
    stopped(run, mode) {
      this.did.push(mode);
      return false;
    },
    awaits(loops, mode) {
      this.did.push([loops.map(({ loop }) => loop), mode]);
    },
    end() {
      this.did.push("end");
    },
  };
  const title = {
    shows: false,
    note() {
      this.shows = true;
    },
    end() {
      this.shows = false;
    },
  };
  const submissions = new Submissions({ later });
  const endings = { loops: [], begin: (loops) => endings.loops.push(...loops) };
  const parts = { autoQueue, endings, stopping: autoQueue };
  const conductor = new Conductor({ ...parts, notices, submissions, title, watch, later });
  const turn = () => waiting.splice(0).forEach((run) => run());
  return { autoQueue, conductor, endings, title, told, turn, watch };
}

function iteration(on_error, { complete = false } = {}) {
  const [filename, next] = complete ? ["", "stop"] : ["a.png", "go"];
  return { kind: "iteration", loop: "l", filename, complete, next, on_error, without: [] };
}

const VERDICT = { kind: "end_queue", next: "stop" };
const WAITING = { kind: "progress", loop: "l", complete: false, next: "wait" };

test("End Queue's decision takes effect when its prompt has succeeded, not before", () => {
  const { autoQueue, conductor, told } = setUp();
  conductor.heard("p", iteration(STOP));
  conductor.heard("p", VERDICT);
  assert.deepEqual(autoQueue.did, []);
  conductor.succeeded("p");
  assert.deepEqual(autoQueue.did, ["off"]);
  assert.deepEqual(told, ["a.png", "stopped"]);
});

test("without End Queue, a loop that says stop itself ends Auto Queue in the same way", () => {
  const { autoQueue, conductor, told } = setUp();
  conductor.heard("p", { ...iteration(STOP), decides: true });
  conductor.succeeded("p");
  assert.deepEqual(autoQueue.did, []);
  conductor.heard("q", { ...iteration(STOP), decides: true });
  conductor.heard("q", { ...WAITING, complete: true, next: "stop" });
  conductor.succeeded("q");
  assert.deepEqual(autoQueue.did, ["off"]);
  assert.deepEqual(told, ["a.png", "a.png", "stopped"]);
});

test("a batch has ended if its nodes have said last that it is complete, whatever stops it", () => {
  const { conductor, endings } = setUp();
  for (const said of [iteration(STOP), VERDICT]) conductor.heard("p", said); // in mid-batch
  conductor.succeeded("p");
  assert.deepEqual(endings.loops, []);
  const complete = { ...WAITING, complete: true, next: "stop" };
  for (const said of [iteration(STOP), complete, VERDICT]) conductor.heard("q", said);
  conductor.succeeded("q");
  assert.deepEqual(endings.loops, ["l"]);
});

test("without End Queue, a run that finds nothing left ends Auto Queue", () => {
  const { autoQueue, conductor, told } = setUp();
  conductor.heard("p", { ...iteration(STOP, { complete: true }), decides: true });
  conductor.succeeded("p");
  assert.deepEqual([autoQueue.did, told], [["off"], ["stopped"]]);
});

test("a loop without End Queue and one with it both have to be complete", () => {
  const { autoQueue, conductor } = setUp();
  const own = { ...iteration(STOP), loop: "m", decides: true };
  const verdict = { ...VERDICT, of_batch: true };
  for (const said of [iteration(STOP), own, verdict]) conductor.heard("p", said);
  conductor.succeeded("p");
  assert.deepEqual(autoQueue.did, []);
  const ended = { ...WAITING, loop: "m", complete: true, next: "watch" };
  for (const said of [iteration(STOP), own, verdict, ended]) conductor.heard("q", said);
  conductor.succeeded("q");
  assert.deepEqual(autoQueue.did, ["off"]);
});

test("End Queue's decision is forgotten if its prompt fails afterwards", () => {
  const { autoQueue, conductor } = setUp();
  conductor.heard("p", iteration(SKIP));
  conductor.heard("p", VERDICT);
  conductor.failed("p");
  conductor.succeeded("p");
  assert.deepEqual(autoQueue.did, []);
});

test("if Directory Iterator refuses to start, Auto Queue is shown as stopped", () => {
  const { autoQueue, conductor } = setUp();
  conductor.failed("p", "BatchLoopDirectoryIterator");
  conductor.failed("q", "KSampler");
  assert.deepEqual(autoQueue.did, ["shown stopped"]);
});

test("after a refused prompt Auto Queue is shown as stopped, and the next Run is a new one", () => {
  const { autoQueue, conductor, title, turn, watch } = setUp();
  conductor.heard("p", iteration(STOP));
  conductor.sending();
  conductor.refused();
  turn();
  assert.deepEqual(autoQueue.did, ["refused"]);
  assert.equal(title.shows, false);
  watch.did = [];
  conductor.sending();
  assert.deepEqual(watch.did, ["end"]);
});

test("running a part of the workflow ends Auto Queue, even if it fails", () => {
  const part = { ...iteration(STOP), next: "stop", without: ["Save Image #9"] };
  const whole = setUp();
  whole.conductor.heard("p", part);
  whole.conductor.succeeded("p");
  assert.deepEqual(whole.autoQueue.did, ["off"]);
  assert.deepEqual(whole.told, ["a.png", "Save Image #9"]);
  const { autoQueue, conductor, turn } = setUp();
  conductor.heard("p", part);
  conductor.failed("p");
  autoQueue.heldBackBy = "p";
  conductor.queueIs(0);
  turn();
  assert.deepEqual(autoQueue.did, ["shown stopped"]);
});

test("without a decision, and for other clients' prompts, nothing happens", () => {
  const { autoQueue, conductor, turn } = setUp();
  conductor.heard("p", iteration(SKIP));
  conductor.succeeded("p");
  for (const end of ["succeeded", "failed", "interrupted"]) conductor[end]("somebody else's");
  autoQueue.heldBackBy = "somebody else's";
  conductor.queueIs(0);
  turn();
  assert.deepEqual(autoQueue.did, []);
});

test("after a skipped error, it goes on when the queue is empty", () => {
  const { autoQueue, conductor, turn } = setUp();
  conductor.heard("p", iteration(SKIP));
  conductor.failed("p");
  autoQueue.heldBackBy = "p";
  conductor.queueIs(1);
  turn();
  assert.deepEqual(autoQueue.did, []);
  conductor.queueIs(0);
  assert.deepEqual(autoQueue.did, [], "not in the frontend's own turn");
  turn();
  assert.deepEqual(autoQueue.did, ["queued"]);
});

test("it does not go on if Auto Queue is off, or not held back by that error", () => {
  for (const [on, heldBackBy] of [
    [false, "p"],
    [true, undefined],
    [true, "another"],
  ]) {
    const { autoQueue, conductor, turn } = setUp({ on });
    conductor.heard("p", iteration(SKIP));
    conductor.failed("p");
    autoQueue.heldBackBy = heldBackBy;
    conductor.queueIs(0);
    turn();
    assert.deepEqual(autoQueue.did, []);
  }
});

test("with Stop on error, or if no image was handed out, it stays stopped and shows that", () => {
  for (const said of [iteration(STOP), iteration(STOP, { complete: true })]) {
    const { autoQueue, conductor, turn } = setUp();
    conductor.heard("p", said);
    conductor.failed("p");
    autoQueue.heldBackBy = "p";
    conductor.queueIs(0);
    turn();
    assert.deepEqual(autoQueue.did, ["shown stopped"]);
  }
});

test("while the frontend is sending, it waits", () => {
  const { autoQueue, conductor, turn } = setUp();
  conductor.sending();
  conductor.heard("p", iteration(SKIP));
  conductor.failed("p");
  autoQueue.heldBackBy = "p";
  conductor.queueIs(0);
  turn();
  assert.deepEqual(autoQueue.did, []);
  conductor.sent();
  turn();
  assert.deepEqual(autoQueue.did, ["queued"]);
});

test("a frontend that goes on sending is left alone", () => {
  const { autoQueue, conductor, turn } = setUp();
  conductor.sending();
  conductor.heard("p", iteration(SKIP));
  conductor.failed("p");
  conductor.queueIs(0);
  conductor.sent();
  conductor.sending(); // in the same turn
  autoQueue.heldBackBy = "p"; // recorded late
  turn();
  conductor.sent();
  turn();
  assert.deepEqual(autoQueue.did, []);
  conductor.queueIs(0); // and that prompt has ended, with the old error still there
  turn();
  assert.deepEqual(autoQueue.did, ["queued"]);
});

test("Cancel switches Auto Queue off if an image was in progress", () => {
  const { autoQueue, conductor, told } = setUp();
  conductor.heard("p", iteration(STOP));
  conductor.interrupted("p");
  assert.deepEqual(autoQueue.did, ["off"]);
  assert.deepEqual(told, ["paused"]);
});

test("cancelling a prompt that had nothing to do is left to ComfyUI", () => {
  const { autoQueue, conductor, told } = setUp();
  conductor.heard("p", iteration(STOP, { complete: true }));
  conductor.interrupted("p");
  assert.deepEqual(autoQueue.did, []);
  assert.deepEqual(told, []);
});

test("Cancel without Auto Queue shows nothing", () => {
  const { conductor, told } = setUp({ on: false });
  conductor.heard("p", iteration(STOP));
  conductor.interrupted("p");
  assert.deepEqual(told, []);
});

test("while other servers work on the last images, Auto Queue pauses and nothing is shown", () => {
  for (const said of [iteration(STOP), { ...iteration(STOP), filename: "" }]) {
    const { autoQueue, conductor, told, watch } = setUp();
    conductor.heard("p", said);
    conductor.heard("p", WAITING);
    assert.deepEqual(autoQueue.did, []);
    conductor.succeeded("p");
    assert.deepEqual(autoQueue.did, ["off"]);
    assert.deepEqual(watch.did, [[["l"], "instant"]]);
    assert.deepEqual(told, said.filename ? ["a.png"] : []);
  }
});

test("a decision takes precedence over other servers, and so does a failed prompt", () => {
  const { autoQueue, conductor, told, watch } = setUp();
  conductor.heard("p", iteration(SKIP));
  conductor.heard("p", WAITING);
  conductor.failed("p");
  assert.deepEqual([autoQueue.did, watch.did], [[], []]);
  conductor.heard("q", iteration(SKIP));
  conductor.heard("q", WAITING);
  conductor.heard("q", VERDICT);
  conductor.succeeded("q");
  assert.deepEqual(watch.did, ["instant"]);
  assert.equal(told.at(-1), "stopped");
});

test("Run or Cancel ends watching; a prompt that was already being sent does not", () => {
  const { conductor, watch } = setUp();
  conductor.sending();
  assert.deepEqual(watch.did, ["end"]);
  conductor.heard("p", iteration(STOP));
  conductor.heard("p", VERDICT);
  conductor.succeeded("p");
  assert.deepEqual(watch.did, ["end", "instant"]);
  conductor.sending(); // the next of the prompts that ComfyUI was asked to send before
  assert.deepEqual(watch.did, ["end", "instant"]);
  conductor.interrupted("somebody's");
  assert.deepEqual(watch.did, ["end", "instant", "end"]);
});

test("the title shows progress until nothing is running", () => {
  const ends = {
    "the verdict": ({ conductor }) => {
      conductor.heard("p", VERDICT);
      conductor.succeeded("p");
    },
    "an error": ({ conductor }) => conductor.failed("p"),
    Cancel: ({ conductor }) => conductor.interrupted("p"),
    "one Run": ({ autoQueue, conductor, turn }) => {
      autoQueue.on = false;
      conductor.succeeded("p");
      conductor.queueIs(0);
      turn();
    },
  };
  for (const [what, end] of Object.entries(ends)) {
    const batch = setUp();
    batch.conductor.heard("p", iteration(STOP));
    assert.equal(batch.title.shows, true);
    end(batch);
    assert.equal(batch.title.shows, false, what);
  }
});

test("the title shows progress as long as Auto Queue goes on", () => {
  const { autoQueue, conductor, title, turn } = setUp();
  conductor.heard("p", iteration(SKIP));
  conductor.succeeded("p");
  conductor.queueIs(0);
  turn();
  assert.equal(title.shows, true);
  conductor.heard("q", iteration(SKIP));
  conductor.failed("q");
  autoQueue.heldBackBy = "q";
  conductor.queueIs(0);
  turn();
  assert.equal(title.shows, true);
});

test("Cancel between two prompts of a batch switches Auto Queue off", () => {
  const { autoQueue, conductor, told, watch } = setUp();
  conductor.heard("p", iteration(STOP));
  conductor.succeeded("p");
  conductor.cancelled();
  conductor.cancelled();
  assert.deepEqual(autoQueue.did, ["off", "off"]);
  assert.deepEqual(told, ["a.png", "paused between"]);
  assert.deepEqual(watch.did, ["end", "end"]);
});

test("Cancel before a prompt has handed out its image switches Auto Queue off", () => {
  const { autoQueue, conductor } = setUp();
  conductor.heard("p", iteration(STOP));
  conductor.succeeded("p");
  conductor.sending();
  conductor.cancelled();
  conductor.interrupted("next");
  assert.equal(autoQueue.on, false);
});

test("cancelling a running image names it, whichever event comes first", () => {
  for (const [first, second] of [
    ["cancelled", "interrupted"],
    ["interrupted", "cancelled"],
  ]) {
    const { autoQueue, conductor, told } = setUp();
    conductor.heard("p", iteration(STOP));
    conductor[first]("p");
    conductor[second]("p");
    assert.equal(autoQueue.on, false);
    assert.equal(told.at(-1), "paused");
  }
});

test("Cancel is told as such until the image has ended, and then the batch is paused, however it ends", () => {
  for (const [end, says] of [
    ["interrupted", ["paused"]],
    ["succeeded", ["a.png", "paused between"]],
    ["failed", ["a.png", "paused between"]],
    ["found", ["paused between"]],
  ]) {
    const { autoQueue, conductor, told } = setUp();
    conductor.started("p");
    conductor.heard("p", iteration(STOP));
    conductor.cancelled();
    assert.deepEqual([autoQueue.on, told.splice(0)], [false, ["cancelling"]]);
    conductor[end](end === "found" ? "" : "p");
    assert.deepEqual(told, says);
    conductor.sending();
    conductor.heard("q", iteration(STOP));
    conductor.succeeded("q");
    assert.equal(told.at(-1), "a.png");
  }
});

test("Cancel of a prompt that has yet to report is told as such until it has ended, however it ends", () => {
  for (const end of ["interrupted", "succeeded", "failed", "found"]) {
    const { conductor, told } = setUp();
    conductor.started("p");
    conductor.heard("p", iteration(STOP));
    conductor.succeeded("p");
    conductor.started("q");
    told.length = 0;
    conductor.cancelled();
    assert.deepEqual(told.splice(0), ["cancelling"]);
    conductor[end](end === "found" ? "" : "q");
    assert.deepEqual(told.splice(0), ["paused between"], end);
    conductor.started("r");
    conductor.succeeded("r");
    conductor.interrupted("r");
    assert.deepEqual(told, []);
  }
});

test("Cancel is told as over once a prompt of another batch has ended, too", () => {
  const { conductor, told } = setUp();
  conductor.started("p");
  conductor.heard("p", iteration(STOP));
  conductor.succeeded("p");
  conductor.started("q");
  conductor.cancelled();
  told.length = 0;
  conductor.heard("q", { ...iteration(STOP), loop: "another", filename: "b.png" });
  conductor.interrupted("q");
  assert.deepEqual(told, ["paused between", "paused"]);
});

test("Cancel at the last image of a batch, too late for it, is not told once that is complete", () => {
  const { conductor, told } = setUp();
  conductor.started("p");
  for (const said of [iteration(STOP), VERDICT]) conductor.heard("p", said);
  conductor.cancelled();
  conductor.succeeded("p");
  assert.deepEqual(told, ["cancelling", "a.png", "stopped"]);
});

test("Cancel before a batch has reported stops it, and none that has run before", () => {
  const { autoQueue, conductor, told } = setUp();
  for (const said of [iteration(STOP), VERDICT]) conductor.heard("p", said);
  conductor.succeeded("p");
  autoQueue.on = true; // Run on another folder
  autoQueue.beginning = ["m"];
  told.length = 0;
  conductor.sending();
  conductor.started("q");
  assert.deepEqual(conductor.cancelled(), ["m"]);
  assert.deepEqual([autoQueue.on, told], [false, []]);
  autoQueue.beginning = null;
  assert.deepEqual(conductor.cancelled(), []); // heard of in another way
  conductor.heard("q", { ...iteration(STOP), loop: "m" });
  conductor.interrupted("q");
  assert.deepEqual(told, ["paused"]);
});

test("cancelling another workflow, or at the end of a batch, leaves Auto Queue alone", () => {
  const { autoQueue, conductor } = setUp();
  conductor.cancelled();
  conductor.heard("p", iteration(STOP));
  conductor.succeeded("p");
  conductor.succeeded("of another workflow");
  conductor.cancelled();
  conductor.heard("q", iteration(STOP, { complete: true }));
  conductor.succeeded("q");
  conductor.cancelled();
  assert.deepEqual(autoQueue.did, []);
});

test("what the page has sent itself stops by an error, whichever node has failed first", () => {
  const { autoQueue, conductor } = setUp();
  conductor.failed("somebody else's", "Loader");
  assert.deepEqual(autoQueue.did, []);
  conductor.failed("sent by the gate", "Loader");
  assert.deepEqual(autoQueue.did, ["shown stopped"]);
});

test("an error of a batch that is away does not hold back the one on the screen", () => {
  const { autoQueue, conductor, turn } = setUp();
  autoQueue.away = ["l"];
  conductor.heard("p", iteration(STOP));
  conductor.failed("p");
  autoQueue.heldBackBy = "p";
  conductor.queueIs(0);
  turn();
  assert.deepEqual(autoQueue.did, ["shown stopped", "queued"]);
});

/** A loop as the server describes it. */
function stands(next, given = {}) {
  return { id: "l", name: "", next, stands: "paused", complete: false, interrupted: false, ...given };
}

test("a batch whose end was missed ends as it would have", () => {
  const { autoQueue, conductor, title, told, watch } = setUp();
  conductor.started("p");
  conductor.heard("p", iteration(STOP));
  const goesOn = conductor.cameBack(["l"], [stands("stop", { complete: true })]);
  assert.equal(goesOn, false);
  assert.deepEqual([autoQueue.did, told, watch.did], [["off"], ["", "stopped"], ["instant"]]);
  assert.equal(title.shows, false);
});

test("a batch whose error or Cancel was missed stops without a word", () => {
  for (const loop of [stands("stop", { stands: "stopped" }), stands("go", { interrupted: true })]) {
    const { autoQueue, conductor, told } = setUp();
    assert.equal(conductor.cameBack(["l"], [loop]), false);
    assert.deepEqual([autoQueue.did, told], [["off"], [""]]);
  }
});

test("a batch that the server has forgotten, or will not speak of, ends with a notice", () => {
  for (const error of [undefined, new Error("gone")]) {
    const { autoQueue, conductor, told } = setUp();
    if (error) conductor.unknown(["l"], error);
    else assert.equal(conductor.cameBack(["l"], []), false);
    assert.deepEqual([autoQueue.did, told], [["off"], ["unknown", ["l"], error]]);
  }
});

test("a batch whose last images other servers work on waits after a loss, too", () => {
  const { conductor, watch } = setUp();
  assert.equal(conductor.cameBack(["l"], [stands("wait")]), false);
  assert.deepEqual(watch.did, [[["l"], "instant"]]);
});

test("after a loss, a batch goes on as long as any of its loops does", () => {
  const { autoQueue, conductor } = setUp();
  const loops = [stands("stop", { complete: true }), stands("go", { id: "m" })];
  assert.equal(conductor.cameBack(["l", "m"], loops), true);
  assert.deepEqual(autoQueue.did, []);
});

test("after a loss, an error that was passed over before it does not hold the batch back", () => {
  const { autoQueue, conductor, turn } = setUp();
  conductor.heard("p", iteration(SKIP));
  conductor.failed("p");
  autoQueue.heldBackBy = "p";
  conductor.queueIs(0);
  assert.equal(conductor.cameBack(["l"], [stands("go")]), true);
  turn();
  assert.deepEqual(autoQueue.did.includes("queued"), true);
});

test("Cancel after a loss is not about a batch whose prompt has ended unheard meanwhile", () => {
  const { autoQueue, conductor } = setUp();
  conductor.started("p");
  conductor.heard("p", iteration(STOP));
  conductor.found("somebody else's");
  conductor.cancelled();
  conductor.interrupted("somebody else's");
  assert.deepEqual(autoQueue.did, []);
});

test("Cancel after a batch whose end was missed is about something else", () => {
  const { autoQueue, conductor, told, watch } = setUp();
  conductor.started("p");
  conductor.heard("p", iteration(STOP));
  conductor.succeeded("p");
  conductor.started("q"); // of which no more was heard
  conductor.cameBack(["l"], [stands("stop", { complete: true })]);
  autoQueue.on = true; // somebody runs another workflow
  autoQueue.did = [];
  conductor.cancelled();
  assert.deepEqual([autoQueue.did, autoQueue.on], [[], true]);
  assert.deepEqual(told, ["a.png", "", "stopped"]);
  assert.equal(watch.did.at(-1), "end");
});

test("Cancel pauses a batch that goes on after a loss, between two of its images, too", () => {
  const { autoQueue, conductor, told } = setUp();
  conductor.started("p");
  conductor.heard("p", iteration(STOP));
  assert.equal(conductor.cameBack(["l"], [stands("go")]), true);
  conductor.cancelled();
  assert.deepEqual([autoQueue.did, told], [["off"], ["", "paused between"]]);
});

/** Two batches after a loss: that of "l" has gone on, as the server knew first how it stands. */
function goneOnAfterLoss() {
  const page = setUp();
  page.conductor.queueIs(undefined);
  page.conductor.started("p");
  page.conductor.heard("p", { ...iteration(SKIP), decides: true });
  return page;
}

const M_STANDS = [
  stands("go", { id: "m" }),
  stands("stop", { id: "m", complete: true }),
  stands("stop", { id: "m", interrupted: true }),
];

test("a batch that has gone on after a loss goes on after a skipped error, however another stands", () => {
  for (const m of M_STANDS) {
    const { autoQueue, conductor, turn } = goneOnAfterLoss();
    conductor.cameBack(["m"], [m]);
    conductor.failed("p", "KSampler");
    autoQueue.on = true; // what has stopped is the other
    autoQueue.heldBackBy = "p";
    conductor.queueIs(0);
    turn();
    assert.equal(autoQueue.did.at(-1), "queued");
  }
});

test("the last image of a batch ends it, though another's end is found out meanwhile", () => {
  for (const m of M_STANDS) {
    const { autoQueue, conductor, told } = goneOnAfterLoss();
    conductor.heard("p", { ...WAITING, complete: true, next: "stop" });
    conductor.cameBack(["m"], [m]);
    autoQueue.did = [];
    told.length = 0;
    conductor.succeeded("p");
    assert.deepEqual([autoQueue.did, told], [["off"], ["a.png", "stopped"]]);
  }
});

test("Cancel pauses the batch that goes on, though another's end was found out meanwhile", () => {
  for (const hasEnded of [false, true]) {
    for (const m of M_STANDS.slice(0, 2)) {
      const { autoQueue, conductor, told } = goneOnAfterLoss();
      if (hasEnded) conductor.succeeded("p");
      conductor.cameBack(["m"], [m]);
      autoQueue.on = true;
      told.length = 0;
      conductor.cancelled();
      assert.deepEqual([autoQueue.on, told], [false, [hasEnded ? "paused between" : "cancelling"]]);
    }
  }
});

test("Cancel is about what runs: a prompt that began before a loss has ended, a newer one has not", () => {
  for (const isNewer of [false, true]) {
    const { conductor, told } = setUp();
    conductor.heard("p", iteration(STOP));
    conductor.succeeded("p");
    if (isNewer) conductor.queueIs(undefined);
    conductor.started("somebody else's");
    if (!isNewer) conductor.queueIs(undefined);
    conductor.cameBack(["m"], [stands("go", { id: "m" })]);
    conductor.cancelled();
    assert.equal(told.at(-1), isNewer ? "" : "paused between");
  }
});
