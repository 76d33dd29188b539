import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { PageTitle } from "../../web/lib/page_title.js";

/** A page in the background, whose title reports changes like a MutationObserver. */
function setUp({ progressInTitle = true } = {}) {
  const waiting = [];
  let heard = null;
  let turned = null;
  const page = {
    title: "flow - ComfyUI",
    visibilityState: "hidden",
    addEventListener: (_, turn) => (turned = turn),
  };
  const watch = (_, changed) => {
    heard = changed;
    return () => (heard = null);
  };
  const settings = { progressInTitle };
  const title = new PageTitle({ settings, page, watch, later: (turn) => waiting.push(turn) });
  return {
    page,
    title,
    settings,
    turnTo(state) {
      page.visibilityState = state;
      turned();
    },
    /** ComfyUI sets the title. */
    write(text) {
      page.title = text;
      heard?.();
    },
    rest: () => waiting.splice(0).forEach((turn) => turn()),
    get watched() {
      return heard !== null;
    },
  };
}

function iteration(done, { complete = false, directory = "/in/holiday" } = {}) {
  const filename = complete ? "" : "a.png";
  return { kind: "iteration", loop: "l", directory, done, failed: 0, total: 7, complete, filename };
}

test("in the background it shows progress, and restores ComfyUI's title at the end", () => {
  const tab = setUp();
  tab.title.note(iteration(2));
  assert.equal(tab.page.title, "2 of 7 – holiday");
  tab.write("[40%] KSampler");
  assert.equal(tab.page.title, "2 of 7 – holiday");
  tab.title.end();
  assert.equal(tab.page.title, "[40%] KSampler");
  assert.equal(tab.watched, false);
});

test("Batch Complete counts the image of its own prompt", () => {
  const tab = setUp();
  tab.title.note(iteration(1));
  tab.title.note({ kind: "progress", loop: "l", done: 2, failed: 1, total: 7 });
  assert.equal(tab.page.title, "3 of 7 – holiday");
  tab.title.end();
  tab.title.note(iteration(0));
  assert.equal(tab.page.title, "0 of 7 – holiday");
});

test("in the foreground the page has ComfyUI's title", () => {
  const tab = setUp();
  tab.page.visibilityState = "visible";
  tab.title.note(iteration(1));
  assert.equal(tab.page.title, "flow - ComfyUI");
  tab.turnTo("hidden");
  assert.equal(tab.page.title, "1 of 7 – holiday");
  tab.turnTo("visible");
  assert.equal(tab.page.title, "flow - ComfyUI");
});

test("switched off it leaves the title alone", () => {
  const tab = setUp({ progressInTitle: false });
  tab.title.note(iteration(1));
  tab.turnTo("hidden");
  assert.deepEqual([tab.page.title, tab.watched], ["flow - ComfyUI", false]);
});

test("a trial is no progress", () => {
  const tab = setUp();
  tab.title.note({ kind: "trial", loop: "l", path: "a.png", status: "" });
  assert.equal(tab.page.title, "flow - ComfyUI");
});

test("a run that hands out no image shows no progress", () => {
  const tab = setUp();
  for (const complete of [true, false]) {
    tab.title.note({ ...iteration(7, { complete }), filename: "" });
  }
  tab.title.note({ kind: "end_queue", next: "stop" });
  assert.equal(tab.watched, false);
  tab.title.end();
  assert.equal(tab.page.title, "flow - ComfyUI");
});

test("an extension that answers each title is answered only so often", () => {
  const tab = setUp();
  tab.title.note(iteration(1));
  for (let written = 0; written < 100; written += 1) tab.write(`theirs ${written}`);
  assert.equal(tab.page.title, "theirs 99");
  tab.rest();
  assert.equal(tab.page.title, "1 of 7 – holiday", "a second later it goes on");
  tab.turnTo("visible");
  assert.equal(tab.page.title, "theirs 99");
});

test("a folder is called by the last part of its path, on every operating system", () => {
  for (const directory of ["/in/holiday/", "C:\\in\\holiday", "holiday"]) {
    const tab = setUp();
    tab.title.note(iteration(0, { directory }));
    assert.equal(tab.page.title, "0 of 7 – holiday");
  }
});
