import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { duration } from "../../web/lib/figures.js";
import { batchEnd, failureLines, finishedByOther, namesOf, nothingToDo, paused } from "../../web/lib/words.js";

const STATE = {
  directory: "/input/seven",
  complete: true,
  done: 7,
  failed: 0,
  pending: 0,
  seconds: 11.6,
  failures: [],
};

test("durations are short", () => {
  assert.equal(duration(0.4), "0 s");
  assert.equal(duration(59.4), "59 s");
  assert.equal(duration(59.6), "1 min 0 s");
  assert.equal(duration(3725), "1 h 2 min");
});

test("a complete batch is shown as a success", () => {
  const toast = batchEnd(STATE);
  assert.equal(toast.severity, "success");
  assert.equal(toast.summary, "Batch complete: 7 done, 0 failed, 12 s");
  assert.equal(toast.detail, "/input/seven");
});

test("failures are listed with the first line of each reason, and the others are counted", () => {
  const failures = ["a", "b", "c", "d"].map((path) => ({ path, reason: `${path} broke\nTraceback` }));
  const toast = batchEnd({ ...STATE, done: 1, failed: 5, failures });
  assert.equal(toast.severity, "warn");
  assert.deepEqual(toast.detail.split("\n"), [
    "/input/seven",
    "a: a broke",
    "b: b broke",
    "c: c broke",
    "… and 2 more",
  ]);
});

test("images that were left out are counted", () => {
  const detail = (left) => batchEnd({ ...STATE, ...left }).detail.split("\n").slice(1);
  assert.deepEqual(detail({ finished: 11, lacking: 0 }), ["11 finished before"]);
  assert.deepEqual(detail({ finished: 11, lacking: 1 }), ["11 finished before · 1 without a companion"]);
  assert.deepEqual(detail({ finished: 0, lacking: 0 }), []);
});

test("images that were only tried are counted", () => {
  const failures = [{ path: "a", reason: "broken" }];
  const state = { ...STATE, done: 6, failed: 1, failures };
  assert.deepEqual(batchEnd(state, { unreadable: 1 }).detail.split("\n"), [
    "/input/seven",
    "1 image was tried, but could not be read.",
    "a: broken",
  ]);
});

test("a long reason is shortened, and a reason may be missing", () => {
  const [long, none] = failureLines(
    [{ path: "a", reason: "x".repeat(1000) }, { path: "b", reason: null }],
    2,
  );
  assert.ok(long.length < 200 && long.endsWith("…"));
  assert.equal(none, "b: ");
});

test("a reason that several images have is said once, and the others are counted", () => {
  const failures = ["a", "b", "c", "d"].map((path) => ({ path, reason: path === "b" ? "broken" : "no memory" }));
  assert.deepEqual(failureLines(failures, 5), ["a, c: no memory", "b: broken", "… and 2 more"]);
});

test("a batch that is not complete was stopped", () => {
  const toast = batchEnd({ ...STATE, complete: false, done: 3, pending: 4 });
  assert.equal(toast.severity, "warn");
  assert.equal(toast.summary, "Batch stopped: 3 done, 0 failed, 12 s, 4 left");
});

test('"nothing to do" says how the batch stands and what to press', () => {
  const told = (figures) => nothingToDo({ directory: "/input/seven", failed: 0, ...figures });
  const all = told({ total: 7, done: 7, finished: 0 });
  assert.equal(all.severity, "info");
  assert.match(all.detail, /^\/input\/seven\nComplete: 7 of 7 done\. Press Start over/);
  assert.match(
    told({ total: 7, done: 5, failed: 2, finished: 3 }).detail,
    /Complete: 5 of 7 done, 2 failed, 3 were there already\. Switch skip_finished off/,
  );
  assert.doesNotMatch(all.detail, /Retry failed/);
  assert.match(
    told({ total: 7, done: 5, failed: 2, finished: 0 }).detail,
    /2 failed\. Press Start over to run them again\.\nPress Retry failed to run only those that failed\.$/,
  );
  assert.match(told({ total: 0, finished: 3 }).detail, /Complete: all 3 results are there already/);
  assert.match(told({ total: 0, finished: 0 }).detail, /Complete: no images yet\. Press/);
  assert.match(
    told({ total: 7, done: 7, finished: 0, lacking: 2 }).detail,
    /Complete: 7 of 7 done, 2 left out without a companion\. Press/,
  );
});

test("what has finished a batch is named", () => {
  const iteration = { directory: "/input/seven", total: 7, done: 7, failed: 0, finished: 0 };
  const told = (by) => finishedByOther(iteration, by, "today").detail.split("\n");
  assert.deepEqual(told({ sender: "command", here: true }), [
    "/input/seven",
    "Complete: 7 of 7 done. Finished by the command batch-loop run, today.",
  ]);
  assert.match(told({ sender: "page", here: true })[1], /another page of ComfyUI, today\.$/);
  const [, script, where] = told({ sender: "script", here: false });
  assert.match(script, /by a script, through ComfyUI's API, today\.$/);
  assert.match(where, /another server, or before/);
});

test("a pause names the next image", () => {
  assert.match(paused("img4.png").detail, /img4\.png/);
});

test("a batch that is named like its workflow has one name", () => {
  assert.equal(namesOf({ title: "Upscale folder", name: "Upscale folder" }), "Upscale folder");
  assert.equal(namesOf({ title: "Upscale folder", name: "at night" }), "Upscale folder · at night");
  assert.equal(namesOf({ title: "", name: "" }), "");
});
