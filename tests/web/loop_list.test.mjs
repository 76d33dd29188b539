import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { LoopList } from "../../web/lib/panel/loop_list.js";

/** A fake of the parts of an element that a list uses. */
class FakeElement {
  children = [];
  style = { setProperty() {} };
  dataset = {};
  classList = { add() {}, remove() {}, toggle() {} };
  textContent = "";

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  insertBefore(child) {
    this.children.push(child);
  }

  get lastElementChild() {
    return this.children.at(-1);
  }

  setAttribute() {}
  addEventListener() {}

  /** All descendants with a tag. */
  all(tag) {
    const within = this.children.flatMap((child) => child.all?.(tag) ?? []);
    return this.tag === tag ? [this, ...within] : within;
  }
}

const LOOP = {
  id: "l",
  name: "",
  directory: "/in",
  batch: 1,
  complete: true,
  next: "stop",
  stands: "complete",
  seconds: 3,
  total: 3,
  pending: 0,
  running: 0,
  done: 3,
  failed: 0,
  left: 0,
  finished: 0,
};

test("how long ago a loop ran is computed with the server's clock, not the browser's", (t) => {
  globalThis.document = {
    createElement: (tag) => Object.assign(new FakeElement(), { tag }),
  };
  t.after(() => delete globalThis.document);
  const now = 1_700_000_000;
  for (const wrong of [0, (now - 400 * 86_400) * 1_000, (now + 400 * 86_400) * 1_000]) {
    t.mock.method(Date, "now", () => wrong);
    const list = new LoopList(() => {}, () => {}, () => () => null);
    list.show([{ ...LOOP, ran_at: now - 7_200 }], now);
    const [when] = list.element.all("time");
    assert.equal(when.textContent, "2 hours ago");
  }
});

test("a batch that waits in ComfyUI's queue says so, unless it is at work or complete", (t) => {
  globalThis.document = {
    createElement: (tag) => Object.assign(new FakeElement(), { tag }),
  };
  t.after(() => delete globalThis.document);
  let place = { before: 2, isNew: false };
  const list = new LoopList(() => {}, () => {}, () => () => place);
  const mark = (state) => {
    list.show([{ ...LOOP, ran_at: null, ...state }], 0);
    return list.element.all("span").map((each) => each.textContent);
  };
  const paused = { stands: "paused", next: "go", complete: false };
  assert.ok(mark(paused).includes("Queued"));
  assert.ok(mark({ ...paused, stands: "running" }).includes("Running"));
  assert.ok(mark({ stands: "complete", next: "stop", complete: true }).includes("Complete"));
  place = { before: 2, isNew: true }; // Run begins it again
  assert.ok(mark({ stands: "complete", next: "stop", complete: true }).includes("Queued"));
  place = null;
  assert.ok(mark(paused).includes("Paused"));
});

test("however long the list is, the page's loops are looked for once", (t) => {
  globalThis.document = {
    createElement: (tag) => Object.assign(new FakeElement(), { tag }),
  };
  t.after(() => delete globalThis.document);
  const asked = [];
  const places = () => {
    asked.push([]);
    return (loop) => {
      asked.at(-1).push(loop);
      return null;
    };
  };
  const list = new LoopList(() => {}, () => {}, places);
  const loops = ["a", "b", "c"].map((id) => ({ ...LOOP, id, ran_at: null }));
  list.show(loops, 0);
  list.show(loops, 0);
  assert.deepEqual(asked, [["a", "b", "c"], ["a", "b", "c"]]);
});
