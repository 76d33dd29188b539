import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { completeModel, iteratorModel } from "../../web/lib/card/texts_and_buttons.js";
import { Changes } from "../../web/lib/changes.js";
import { noteLines } from "../../web/lib/figures.js";

const REST = {
  id: "l",
  directory: "/in",
  complete: false,
  next: "go",
  stands: "paused",
  seconds: 30,
  remaining: null,
  per_minute: 4,
  pending: 8,
  running: 0,
  done: 2,
  failed: 0,
  left: 8,
  unpaired: 0,
  total: 10,
  failures: [],
  current: [],
  stopped_on: null,
};
const COMPLETE = { ...REST, complete: true, next: "stop", pending: 0, done: 10, left: 0 };

/** What the card says where a batch of ten items would now have others. */
function now(source, folder, settings = { directory: "in" }) {
  const held = { directory: "/in", loop: "l", known: true, new: 0, first: "a", last: "z", ...folder };
  const known = { canChoose: true, refusal: null, state: REST };
  return iteratorModel({ ...known, settings, source, folder: held }).detail;
}

test("what a batch would have now is named by its kind", () => {
  assert.equal(now("images", { total: 21 }), "Under these settings now: 21 images.");
  assert.equal(now("rows", { total: 31, exact: true }), "Under these settings now: 31 rows.");
  assert.equal(now("frames", { total: 21 }), "Under these settings now: 21 frames.");
  const windows = now("frames", { total: 7 }, { film: "clip.mp4", frames: 3 });
  assert.equal(windows, "Under these settings now: 7 runs of up to 3 frames.");
  const variants = now("images variants", { total: 42, entries: 21, variants: 2 });
  assert.equal(variants, "Under these settings now: 21 images × 2 variants.");
});

test("new items are named by their kind", () => {
  const detail = (source) => {
    const folder = { directory: "/in", loop: "l", known: true, total: 12, exact: true, new: 2, first: "a", last: "z" };
    const known = { canChoose: true, refusal: null, settings: { directory: "in" }, state: COMPLETE, adds: true };
    return iteratorModel({ ...known, source, folder }).detail;
  };
  assert.deepEqual(
    ["images", "rows", "videos", "frames", "frames windows", "frames variants"].map(detail),
    ["image", "row", "file", "frame", "run", "frame"].map((noun) => `2 new ${noun}s: press Run.`),
  );
});

test("a batch of single frames counts frames throughout, and one of windows runs", () => {
  const said = (source, state) => {
    const known = { settings: { film: "clip.mp4" }, canChoose: true, refusal: null, folder: null };
    const { headline, detail } = iteratorModel({ ...known, source, state: { ...REST, ...state } });
    return `${headline} ${detail}`;
  };
  const current = [{ path: "clip_000002.frame", title: "clip_000002", index: 2, state: "running", since: 1 }];
  const states = [{}, { current, stands: "running" }, COMPLETE];
  for (const state of states) assert.doesNotMatch(said("frames", state), /\bruns?\b/i);
  for (const state of states) assert.doesNotMatch(said("frames windows", state), /\bframes?\b/i);
  assert.match(said("frames", states[1]), /Frame 3 of 10/);
  assert.match(said("frames windows", states[1]), /Run 3 of 10/);
});

test("Batch Complete's card names what is done", () => {
  const headline = (source) => completeModel({ ...COMPLETE, source }).headline;
  assert.deepEqual(
    ["", "rows", "videos", "frames", "frames windows", "images variants"].map(headline),
    ["images", "rows", "files", "frames", "runs", "runs"].map((nouns) => `All 10 ${nouns} done`),
  );
});

test("what has lost its transparency is counted in images, or in runs where an image has several", () => {
  const note = (source) => noteLines({ ...COMPLETE, source, lost_transparency: 4 })[0];
  assert.equal(note("images"), "4 images were saved without their sources' transparency.");
  assert.equal(note("images variants"), "4 runs saved results without their sources' transparency.");
});

/** The title and the text of the message after Retry failed. */
async function retried(state) {
  const shown = [];
  const changing = new Changes({
    skips: () => null,
    server: { retry: async () => ({ ...REST, ...state }) },
    toasts: { show: (_key, { summary, detail }) => shown.push([summary, detail]) },
    notices: {},
    goesOn: () => false,
  });
  assert.equal(await changing.retry("l"), true);
  return shown[0];
}

test("Retry failed names what it retries, or that it is gone", async () => {
  const title = async (source) => (await retried({ source }))[0];
  assert.equal(await title("rows"), "Failed rows will be retried");
  assert.equal(await title("images variants"), "Failed runs will be retried");
  assert.deepEqual(await retried({ ...COMPLETE, source: "rows" }), ["What had failed is no longer there.", "/in"]);
});
