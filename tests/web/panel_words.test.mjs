import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { isAtWork } from "../../web/lib/figures.js";
import { inWords, quarters } from "../../web/lib/panel/far.js";
import { stateInWords } from "../../web/lib/panel/item_row.js";
import { timeInWords } from "../../web/lib/panel/summary.js";
import { ago } from "../../web/lib/when.js";
import { ownName } from "../../web/lib/words.js";

const LOOP = {
  id: "a",
  stands: "paused",
  total: 12,
  done: 5,
  failed: 1,
};

test("a loop that waits for other servers is at work, like one that is running", () => {
  const atWork = (stands) => isAtWork({ ...LOOP, stands });
  assert.deepEqual(["running", "waiting"].map(atWork), [true, true]);
  const others = ["stopped", "paused", "fresh", "complete", "failures"];
  assert.equal(others.some(atWork), false);
});

test("progress in words", () => {
  assert.equal(inWords(LOOP), "6 of 12, 1 failed");
  assert.equal(inWords({ ...LOOP, failed: 0 }), "5 of 12");
  assert.equal(quarters(LOOP), 2);
  assert.equal(quarters({ ...LOOP, total: 0 }), 0);
});

test("what is being saved counts as done in its row, as in the figures above it", () => {
  const shown = (state, seconds) => stateInWords({ state, seconds, node_type: "", node_id: "" });
  assert.equal(shown("finishing", 0), "Done · Being saved");
  assert.deepEqual([shown("running", 0), shown("done", 0), shown("done", 3)], ["Running", "Done", "Done · 3 s"]);
});

test("a folder's own name, on any operating system", () => {
  assert.equal(ownName("/home/me/holiday"), "holiday");
  assert.equal(ownName("/home/me/holiday/"), "holiday");
  assert.equal(ownName("C:\\photos\\holiday"), "holiday");
  assert.equal(ownName("/"), "/");
});

test("times as words", () => {
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

test("the time to go is told while something is left, at work or not, as on the card", () => {
  const figures = { seconds: 13, left: 2, remaining: 26, perMinute: 12 };
  assert.equal(timeInWords(figures), "13 s taken · 26 s to go · 12 a minute");
  assert.equal(timeInWords({ ...figures, remaining: null }), "13 s taken · 12 a minute");
  assert.equal(timeInWords({ ...figures, left: 0 }), "13 s taken · 12 a minute");
});
