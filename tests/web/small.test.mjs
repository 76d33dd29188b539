import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { iteratorOf, nodeByExecutionId, nodesOf } from "../../web/lib/graph.js";
import { Runs } from "../../web/lib/runs.js";
import { LoopServer } from "../../web/lib/server.js";
import { Submissions } from "../../web/lib/submissions.js";
import { whichLoop } from "../../web/lib/card/folder_settings.js";

function graph(nodes) {
  return { getNodeById: (id) => nodes[id] ?? null };
}

test("an execution id leads through the subgraphs", () => {
  const inner = { name: "inner" };
  const root = graph({ 5: { subgraph: graph({ 3: { subgraph: graph({ 7: inner }) } }) }, 3: {} });
  assert.equal(nodeByExecutionId(root, "5:3:7"), inner);
  assert.equal(nodeByExecutionId(root, "5:3").subgraph !== undefined, true);
  assert.equal(nodeByExecutionId(root, 3), root.getNodeById(3));
  assert.equal(nodeByExecutionId(root, "3:7"), null);
  assert.equal(nodeByExecutionId(undefined, "3"), null);
});

test("an id may itself contain a colon", () => {
  const inner = { name: "inner" };
  const root = graph({ "5:1": { subgraph: graph({ 3: inner }) } });
  assert.equal(nodeByExecutionId(root, "5:1:3"), inner);
});

test("every node of a workflow and its subgraphs is visited once", () => {
  const inner = { nodes: [{ name: "c" }] };
  const root = { nodes: [{ name: "a", subgraph: inner }, { name: "b", subgraph: inner }] };
  assert.deepEqual([...nodesOf(root)].map(({ name }) => name), ["a", "c", "b"]);
  assert.deepEqual([...nodesOf(undefined)], []);
});

test("the iterator of a loop's later nodes is found along their links", () => {
  const chain = (comfyClass, before) => ({
    comfyClass,
    graph: {},
    inputs: [{ name: "value" }, { name: "loop" }],
    getInputNode: (slot) => (slot === 1 ? before : null),
  });
  const iterator = chain("BatchLoopRowIterator", null);
  const complete = chain("Complete", chain("LoopEnd", chain("LoopStart", iterator)));
  assert.equal(iteratorOf(complete), iterator);
  assert.equal(iteratorOf(chain("Complete", null)), null);
  const circle = chain("Reroute", null);
  circle.getInputNode = () => circle;
  assert.equal(iteratorOf(circle), null);
});

test("a prompt's reports are kept by loop, and forgotten when taken", () => {
  const runs = new Runs();
  runs.note("p", { kind: "iteration", loop: "a", complete: false, filename: "a.png" });
  runs.note("p", { kind: "iteration", loop: "b", complete: true, filename: "" });
  runs.note("p", { kind: "progress", loop: "c" });
  runs.note("p", { kind: "end_queue", next: "stop" });
  runs.note("p", { kind: "end_queue", next: "go" });
  runs.note("p", { kind: "of the future" });
  const run = runs.take("p");
  assert.deepEqual(run.loops, ["a", "b", "c"]);
  assert.deepEqual(run.handedOut.map(({ loop }) => loop), ["a"]);
  assert.equal(run.stop, true, "one End Queue of two is enough, where no batch is meant");
  assert.equal(runs.take("p"), undefined);
});

test("the first of two batches to be complete does not end the other", () => {
  const runs = new Runs();
  const says = (stop, of_batch = true) => ({
    kind: "end_queue",
    next: stop ? "stop" : "go",
    of_batch,
  });
  const stop = (...said) => {
    said.forEach((each) => runs.note("p", each));
    return runs.take("p").stop;
  };
  assert.equal(stop(says(true), says(false)), false);
  assert.equal(stop(says(false), says(true)), false);
  assert.equal(stop(says(true), says(true)), true);
  assert.equal(stop(says(false), says(true, false)), true);
  assert.equal(stop(says(true), says(false, false)), true);
});

test("a limited number of prompts is remembered", () => {
  const runs = new Runs(2);
  for (const id of ["p", "q", "r"]) runs.note(id, { kind: "end_queue", next: "stop" });
  assert.equal(runs.take("p"), undefined);
  assert.equal(runs.take("r").stop, true);
});

test("a submission lasts until nothing more follows in the same turn", () => {
  const waiting = [];
  const turn = () => waiting.splice(0).forEach((run) => run());
  const submissions = new Submissions({ later: (run) => waiting.push(run) });
  submissions.begin();
  submissions.begin();
  submissions.end();
  submissions.begin();
  turn();
  assert.equal(submissions.open, true);
  let ended = 0;
  submissions.end(() => (ended += 1));
  turn();
  assert.deepEqual([submissions.open, submissions.count, ended], [false, 1, 1]);
  submissions.begin();
  assert.equal(submissions.count, 2);
});

test("what ComfyUI is asked to send counts as asked for until it begins, or fails", async () => {
  const submissions = new Submissions({ later: (run) => run() });
  const seen = [];
  const see = () => seen.push(submissions.isAsked, submissions.open);
  await submissions.ask(async () => {
    see();
    submissions.begin();
    see();
  });
  submissions.end();
  await assert.rejects(submissions.ask(() => Promise.reject(new Error("refused"))), /refused/);
  see();
  assert.deepEqual(seen, [true, false, false, true, false, false]);
});

test("what ComfyUI is asked to send has the number of its submission from then on", async () => {
  const submissions = new Submissions({ later: (run) => run() });
  const counts = [];
  const see = () => counts.push(submissions.count);
  const ask = (begin) =>
    submissions.ask(async () => {
      see();
      begin();
      see();
    });
  await ask(() => submissions.begin());
  await ask(() => {}); // what is asked for while something is being sent is part of that
  await ask(() => submissions.end()); // or has yet to begin
  submissions.begin();
  see();
  submissions.end();
  await ask(() => {}); // nothing is sent
  await ask(() => {
    for (let times = 0; times < 2; times += 1) {
      submissions.begin();
      submissions.end();
    }
  });
  assert.deepEqual(counts, [1, 1, 1, 1, 1, 1, 2, 3, 3, 4, 5]);
});

function iterator({ directory = "in", loop_name = "", linked = [] } = {}) {
  const widgets = Object.entries({ directory, loop_name }).map(([name, value]) => ({ name, value }));
  const inputs = widgets.map(({ name }) => ({ name }));
  const isInputConnected = (slot) => linked.includes(inputs[slot].name);
  return { widgets, inputs, isInputConnected };
}

test("the loop is identified by the node's settings", () => {
  const shown = iterator({ directory: "other" });
  assert.deepEqual(whichLoop(shown, "id"), { directory: "other", loop_name: "" });
});

test("with a linked input, the loop is known only from the last run", () => {
  const linked = iterator({ linked: ["directory"] });
  assert.equal(whichLoop(linked, undefined), null);
  assert.deepEqual(whichLoop(linked, "id"), { loop: "id" });
});

test("a response that is not JSON is reported by its status", async () => {
  const answer = new Response("<html>", { status: 502, statusText: "Bad Gateway" });
  const server = new LoopServer({ fetchApi: async () => answer });
  await assert.rejects(server.loops(), { message: "502 Bad Gateway" });
});

test("an answer that cannot be read is an error", async () => {
  const server = new LoopServer({ fetchApi: async () => new Response("<html>") });
  await assert.rejects(server.loops(), SyntaxError);
});

test("an error is never taken for the text of a result", async () => {
  const answers = [new Response("a cat"), new Response("", { status: 404, statusText: "Not Found" })];
  const server = new LoopServer({ fetchApi: async () => answers.shift() });
  assert.equal(await server.text("l", "a.png", 0), "a cat");
  await assert.rejects(server.text("l", "a.png", 0), { message: "404 Not Found", status: 404 });
});

test("times of the server are by its own clock", async () => {
  const date = new Date(Date.now() - 3_600_000);
  const headers = { Date: date.toUTCString() };
  const server = new LoopServer({ fetchApi: async () => new Response("{}", { headers }) });
  await server.loops();
  const time = server.timeTo(date.getTime() / 1000 + 60);
  assert.ok(time >= 59_000 && time <= 61_000, String(time));
});
