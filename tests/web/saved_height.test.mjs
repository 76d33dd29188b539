import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import {
  changesHeight,
  saveHeightOfItsOwn,
  showsRunWhile,
} from "../../web/lib/node/saved_height.js";

globalThis.LiteGraph = { vueNodesMode: true };

let due = [];
beforeEach(() => (due = []));
globalThis.requestAnimationFrame = (callback) => due.push(callback);

/** The page draws its next frame. */
function frame() {
  for (const callback of due.splice(0)) callback();
}

/** A node that shows a run while `run.isShown`, and is made as high as the page says. */
function newNode(run = { isShown: true }) {
  const node = {
    size: [300, 400],
    makeHigh(height) {
      this.size = [300, height];
      this.onResize(this.size);
    },
    saved() {
      const saved = { size: [...this.size] };
      this.onSerialize(saved);
      return saved.size[1];
    },
  };
  saveHeightOfItsOwn(node);
  showsRunWhile(node, () => run.isShown);
  return node;
}

/** As More settings does: it makes the node higher, and then the page measures it. */
function unfold(node) {
  changesHeight(node, () => {
    node.makeHigh(500);
    return true;
  });
}

test("what a run adds to a node's height is not saved", () => {
  const node = newNode();
  node.makeHigh(440);
  assert.equal(node.saved(), 400);
});

test("what the user unfolds is saved, however late the page lays it out", (t) => {
  const node = newNode();
  unfold(node);
  const later = performance.now() + 60_000; // a page that is busy draws no frame
  t.mock.method(performance, "now", () => later);
  for (let drawn = 0; drawn < 4; drawn += 1) frame();
  node.makeHigh(520);
  assert.equal(node.saved(), 520);
});

test("what a run adds after that is not saved, however soon it comes", () => {
  const node = newNode();
  unfold(node);
  node.makeHigh(520);
  node.makeHigh(560);
  assert.equal(node.saved(), 520);
});

test("nor is it if the node had room for what was unfolded", () => {
  const node = newNode();
  unfold(node);
  while (due.length > 0) frame();
  node.makeHigh(540);
  assert.equal(node.saved(), 500);
});

test("nor after a change that shows nothing else", () => {
  const node = newNode();
  changesHeight(node, () => false);
  node.makeHigh(440);
  assert.equal(node.saved(), 400);
});

test("a node that no longer shows a run, and is lowered, is saved as before the run", () => {
  const run = { isShown: true };
  const node = newNode(run);
  node.makeHigh(440);
  run.isShown = false;
  node.makeHigh(400);
  assert.equal(node.saved(), 400);
});
