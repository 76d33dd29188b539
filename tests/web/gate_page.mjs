import { Gate } from "../../web/lib/gate/gate.js";
import { Sender } from "../../web/lib/gate/sender.js";
import { Submissions } from "../../web/lib/submissions.js";

/** When the loops have run last before a Run, in seconds since the epoch. */
export const RAN_AT = 1_000;

export const LOOP = { loop: "l", directory: "d" };

/** The mode of Run in which a batch runs. */
const RUNS = "instant-running";

/** A loop as the server describes it. */
export function stands(next, given = {}) {
  return { id: "l", next, running: 0, finishing: 0, ran_at: RAN_AT, ...given };
}

/** A gate on a fake page; `turn()` runs what waits, and `look()` is the page's own looking. */
export async function setUp({
  needsAccount = false,
  answer = async () => ({ prompt_id: "p" }),
  expected = () => [],
  stood = () => new Map(),
  autoQueue: given,
} = {}) {
  const waiting = [];
  const later = (run) => waiting.push(run);
  const turn = async () => {
    do {
      waiting.shift()?.();
      await new Promise((resume) => setImmediate(resume));
    } while (waiting.length > 0);
  };
  const did = [];
  const autoQueue = given ?? {
    mode: RUNS,
    get on() {
      return this.mode === RUNS;
    },
    set on(isOn) {
      this.mode = isOn ? RUNS : "instant-idle";
    },
    get runsAll() {
      return this.on;
    },
    get isPressed() {
      return this.on;
    },
    heldBackBy: undefined,
    switchOff() {
      const mode = this.on ? this.mode : null;
      if (this.on) this.on = false;
      return mode;
    },
    switchToPlain() {
      const mode = this.switchOff();
      this.mode = "disabled";
      return mode;
    },
    switchOn(mode) {
      this.mode = mode;
    },
    showStopped: () => did.push("shown stopped"),
    goOn: () => did.push("goes on here"),
    isSending: true,
    chooseAll: () => did.push("chooses Run (Instant)"),
    start: () => did.push("starts"),
    queueOne: async () => did.push("ComfyUI queues one"),
    toStart: RUNS,
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
    lost: say("says that it sends again"),
    refused: say("refused"),
    elsewhere(batch, hasRun) {
      notice.told = batch;
      did.push(`says that it is elsewhere, ${hasRun ? "and that it has run here" : "only"}`);
    },
    hide() {},
  };
  const api = {
    async queuePrompt(_, value) {
      did.push(`sends ${value}`);
      return answer();
    },
  };
  const claims = { areElsewhere: async () => false, claim() {}, release() {} };
  const submissions = new Submissions({ later });
  const sender = new Sender(api);
  let looks = null;
  const every = (run) => {
    looks = run;
    return () => (looks = null);
  };
  const pauses = [];
  const wait = (run, ms) => pauses.push({ run, ms });
  const server = {
    /** Null if it answers with an error. */
    loops: [stands("go")],
    error: new Error("away"),
    stands: async (ids) => {
      did.push(`asks for ${ids}`);
      if (server.loops === null) throw server.error;
      return server.loops.filter(({ id }) => ids.includes(id));
    },
    goesOn: (ids, loops) => {
      const goesOn = loops.some(
        ({ complete, interrupted, next }) => next === "go" && !interrupted && !complete,
      );
      if (!goesOn) gate.stopping.switchOff(ids);
      return goesOn;
    },
    isUnknown: (ids) => {
      gate.stopping.switchOff(ids);
      did.push(`unknown: ${ids}`);
    },
  };
  const parts = { autoQueue, claims, notice, screen, sender, submissions, later, every, wait };
  /** Which of this page's prompts runs; "" if none does. */
  const running = { prompt: "" };
  const isRunning = () => running.prompt !== "";
  const gate = new Gate({ ...parts, ...server, expected, stood, isRunning });
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
  /** Let the pause before the next attempt pass; returns how long it was. */
  const passed = async () => {
    const { run, ms } = pauses.shift();
    run();
    await turn();
    return ms;
  };
  const seen = { autoQueue, claims, did, gate, notice, running, screen, server, submissions };
  return { ...seen, emptied, leave, look, passed, pauses, turn };
}
