import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Cards } from "../../web/lib/card/cards.js";

/** A fake of the parts of an element that a card uses. */
class FakeElement {
  children = [];
  style = {};
  dataset = {};
  textContent = "";

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  setAttribute() {}
  removeAttribute() {}
  addEventListener() {}

  /** The first line of text in it. */
  get firstLine() {
    return this.textContent || this.children.map((child) => child.firstLine).find(Boolean) || "";
  }
}

const LOOP = {
  id: "l",
  complete: false,
  stands: "stopped",
  seconds: 3,
  pending: 2,
  running: 0,
  done: 1,
  failed: 0,
  left: 2,
  unpaired: 0,
  total: 3,
  failures: [],
  current: [],
  stopped_on: { path: "b.png", index: 1, reason: "it broke" },
};
const FOLDER = { directory: "/in", loop: "l", total: 3, first: "a.png", last: "c.png" };

function nodeOf(comfyClass, widgets) {
  return {
    comfyClass,
    widgets,
    inputs: [],
    flags: {},
    size: [0, 0],
    addDOMWidget: (_name, _type, element) => ({ element }),
    computeSize: () => [0, 0],
    setSize() {},
    isInputConnected: () => false,
  };
}

/** The cards of an iterator and a Batch Complete, what tells them answers, and the latter's line. */
function setUp(t) {
  globalThis.document = { createElement: () => new FakeElement() };
  globalThis.ResizeObserver = class {
    observe() {}
  };
  t.after(() => {
    delete globalThis.document;
    delete globalThis.ResizeObserver;
  });
  const iterator = nodeOf("BatchLoopDirectoryIterator", [{ name: "directory", value: "in" }]);
  const complete = nodeOf("BatchLoopBatchComplete", []);
  let wish = null;
  const following = { whenSettled() {}, again() {} };
  const cards = new Cards({
    app: { graph: { nodes: [iterator, complete] }, canvas: { graph: null, setDirty() {} } },
    server: { thumbnail: () => "" },
    poller: { follow: (wanted) => (wish = wanted) && following },
    screen: { find: () => iterator },
    actions: { of: () => ({}) },
    collapsed: { show() {} },
  });
  for (const node of [iterator, complete]) node.graph = {};
  const [, { element }] = [cards.add(iterator), cards.add(complete)];
  const told = (question, value) => {
    const asked = wish.questions().find((each) => each.startsWith(question));
    wish.told(new Map([[asked, { value }]]));
  };
  return { cards, element, told };
}

test("Batch Complete shows a loop whose state comes before the folder's images", (t) => {
  const { cards, element, told } = setUp(t);
  cards.heard("1", { kind: "iteration", loop: "l" });
  told("loop", LOOP);
  told("folder", FOLDER);
  assert.equal(element.firstLine, "1 of 3 finished");
});
