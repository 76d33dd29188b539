import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Activity, inWords, quarters, standing } from "../../web/lib/panel/standing.js";
import { ago } from "../../web/lib/panel/when.js";
import { ownName } from "../../web/lib/words.js";

const LOOP = {
  id: "a",
  complete: false,
  seconds: 30,
  total: 12,
  pending: 6,
  running: 0,
  ended: 0,
  done: 5,
  failed: 1,
  stopped: false,
};

test("how a loop stands", () => {
  assert.equal(standing(LOOP, true), "running");
  assert.equal(standing(LOOP, false), "paused");
  assert.equal(standing({ ...LOOP, done: 0, failed: 0 }, false), "fresh");
  assert.equal(standing({ ...LOOP, stopped: true }, false), "stopped");
  assert.equal(standing({ ...LOOP, complete: true }, false), "failures");
  assert.equal(standing({ ...LOOP, complete: true, failed: 0 }, false), "complete");
});

test("how far", () => {
  assert.equal(inWords(LOOP), "6 of 12, 1 failed");
  assert.equal(inWords({ ...LOOP, failed: 0, ended: 1 }), "6 of 12");
  assert.equal(quarters(LOOP), 2);
  assert.equal(quarters({ ...LOOP, total: 0 }), 0);
});

test("the own name of a folder, of any system", () => {
  assert.equal(ownName("/home/me/holiday"), "holiday");
  assert.equal(ownName("/home/me/holiday/"), "holiday");
  assert.equal(ownName("C:\\photos\\holiday"), "holiday");
  assert.equal(ownName("/"), "/");
});

test("a batch does not stop in the moment between two runs", () => {
  let now = 1_000;
  const activity = new Activity(() => now);
  assert.equal(activity.runs(LOOP), false);
  assert.equal(activity.runs({ ...LOOP, running: 1 }), true);
  now += 3_000;
  assert.equal(activity.runs(LOOP), true);
  assert.equal(activity.runs({ ...LOOP, id: "b" }), false);
  assert.equal(activity.runs({ ...LOOP, complete: true }), false);
  assert.equal(activity.runs({ ...LOOP, stopped: true }), false);
  now += 1_000;
  assert.equal(activity.runs(LOOP), false);
});

test("how long ago", () => {
  const now = 1_700_000_000;
  const words = (seconds, language = "en") => ago(now - seconds, now, language);
  assert.equal(words(5), "this minute");
  assert.equal(words(-5), "this minute");
  assert.equal(words(130), "2 minutes ago");
  assert.equal(words(3 * 3_600), "3 hours ago");
  assert.equal(words(86_400), "yesterday");
  assert.equal(words(15 * 86_400), "2 weeks ago");
  assert.equal(words(86_400, "de"), "gestern");
});
