import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Cards } from "../../web/lib/card/cards.js";
import { Refused } from "../../web/lib/requests.js";
import { idleRunControl } from "./idle_run_control.mjs";

globalThis.LiteGraph = { registered_node_types: {} };

/** A fake of the parts of an element that a card uses. */
class FakeElement {
  children = [];
  style = {};
  dataset = {};
  isConnected = true;
  /** How often the text of any element was written. */
  static written = 0;
  #text = "";

  get textContent() {
    return this.#text || this.children.map((child) => child.textContent ?? child).join("");
  }

  set textContent(text) {
    FakeElement.written += 1;
    this.#text = text;
  }

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    FakeElement.written += 1;
    this.#text = "";
    this.children = children;
  }

  setAttribute() {}
  removeAttribute() {}
  addEventListener() {}

  /** The first line of text in it. */
  get firstElementChild() {
    return this.children[0];
  }

  after() {}

  classList = { add() {} };

  get lines() {
    return this.#text ? [this.#text] : this.children.flatMap(({ lines = [] }) => lines);
  }

  /** It, and all that is in it. */
  get all() {
    return [this, ...this.children.flatMap(({ all = [] }) => all)];
  }

  get firstLine() {
    return this.#text || this.children.map((child) => child.firstLine).find(Boolean) || "";
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
  made_of_all: [],
  current: [],
  stopped_on: { path: "b.png", index: 1, reason: "it broke" },
};
const FOLDER = { directory: "/in", loop: "l", total: 3, first: "a.png", last: "c.png" };

function nodeOf(comfyClass, widgets) {
  return {
    comfyClass,
    constructor: { nodeData: { input: { required: { directory: [{}, { selects_images: true }] } } } },
    widgets,
    inputs: [],
    flags: {},
    size: [0, 0],
    addDOMWidget: (_name, _type, element) => ({ element }),
    computeSize: () => [0, 0],
    setSize() {},
    isInputConnected: () => false,
    outputs: [{ links: [1] }],
  };
}

/** The cards of an iterator and of a Batch Complete, and a poller that a test answers for. */
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
  const again = [];
  const waits = [];
  const ask = (which = () => true) => again.push(...wish.questions().filter(which));
  const runControl = idleRunControl();
  const graph = { nodes: [iterator, complete] };
  const canvas = { graph, drawn: 0, setDirty: () => (canvas.drawn += 1) };
  const app = { graph, canvas };
  const cards = new Cards({
    app,
    server: { thumbnail: () => "", timeTo: (until) => until - 40_000 },
    poller: { follow: (wanted) => (wish = wanted) && { whenSettled() {}, again: ask } },
    screen: { find: () => iterator },
    actions: { of: () => ({}) },
    collapsed: { show() {} },
    runControl,
    trial: { use() {} },
    wait: (turn, ms) => waits.push({ turn, ms }),
  });
  for (const node of graph.nodes) node.graph = graph;
  const [ofIterator, ofComplete] = [iterator, complete].map((node) => cards.add(node).element);
  const told = (kind, answer) => {
    const asked = wish.questions().find((each) => each.startsWith(kind));
    wish.told(new Map([[asked, answer]]));
  };
  return { again, app, cards, iterator, ofComplete, ofIterator, runControl, told, waits };
}

test("Batch Complete shows a loop whose state comes before the folder's images", (t) => {
  const { cards, ofComplete, told } = setUp(t);
  cards.heard("1", { kind: "iteration", loop: "l" });
  told("loop", { value: LOOP });
  told("folder", { value: FOLDER });
  assert.equal(ofComplete.firstLine, "1 of 3 finished");
});

test("a folder is looked at again after a run that no answer has shown", (t) => {
  const { again, cards, told } = setUp(t);
  told("folder", { value: FOLDER });
  told("loop", { value: null });
  assert.deepEqual(again, []);
  cards.heard("1", { kind: "iteration", loop: "l" });
  told("loop", { value: LOOP });
  assert.deepEqual(again, ['folder {"directory":"in"}']);
  told("loop", { value: LOOP });
  assert.equal(again.length, 1);
});

test("the loops of the workflow are known, and how they stand", (t) => {
  const { cards, told } = setUp(t);
  const loops = () => [cards.loops, cards.states];
  told("folder", { value: FOLDER });
  told("loop", { value: null });
  assert.deepEqual(loops(), [[], new Map()]);
  assert.deepEqual(cards.named, ["l"]);
  for (const complete of [false, true]) {
    const state = { ...LOOP, complete, ran_at: 5 };
    told("loop", { value: state });
    assert.deepEqual(loops(), [["l"], new Map([["l", state]])]);
  }
});

test("until anything is known, a card has no picture, no figures and no empty lines", (t) => {
  const { ofIterator, told } = setUp(t);
  const shows = () =>
    ["thumbnail", "progress", "times", "hint"].filter((name) =>
      ofIterator.all.some((each) => each.className === `batch-loop-${name}` && !each.hidden),
    );
  assert.deepEqual(shows(), []);
  told("folder", { value: { ...FOLDER, loop: null } });
  assert.deepEqual(shows(), ["hint"]);
});

test("while nothing is known of the folder, a card says why the server fails", (t) => {
  const { ofIterator, told } = setUp(t);
  const failure = { error: new Refused("no database", 503) };
  told("folder", failure);
  assert.equal(ofIterator.firstLine, "This folder cannot be used");
  told("folder", { value: FOLDER });
  told("loop", { value: null });
  assert.equal(ofIterator.firstLine, "3 images");
  told("folder", failure);
  assert.equal(ofIterator.firstLine, "3 images");
});

test("a card that is shown again as it is writes no text, and ComfyUI draws nothing", (t) => {
  const { app, cards, told } = setUp(t);
  cards.heard("1", { kind: "iteration", loop: "l" });
  told("folder", { value: FOLDER });
  told("loop", { value: LOOP });
  FakeElement.written = 0;
  cards.modeChanged();
  told("loop", { value: LOOP });
  assert.equal(FakeElement.written, 0);
  told("loop", { value: { ...LOOP, done: 2, left: 1 } });
  assert.ok(FakeElement.written > 0);
  assert.equal(app.canvas.drawn, 0);
});

test("progress is drawn on the title of a node whose card is not visible", (t) => {
  const { app, iterator, told } = setUp(t);
  iterator.flags = { collapsed: true };
  told("folder", { value: FOLDER });
  assert.equal(app.canvas.drawn, 1);
  iterator.flags = {};
  app.canvas.low_quality = true;
  told("folder", { value: FOLDER });
  assert.equal(app.canvas.drawn, 2);
});

test("once Start over can no longer be undone, the server is asked how the batch stands", (t) => {
  const { again, told, waits } = setUp(t);
  told("folder", { value: FOLDER });
  for (let times = 0; times < 2; times += 1) told("loop", { value: { ...LOOP, undo_until: 100_000 } });
  assert.deepEqual(waits.map(({ ms }) => ms), [60_000]);
  assert.deepEqual(again, []);
  waits[0].turn();
  assert.ok(again.includes("loop l"));
});

test("a paused prompt that had no image does not pause until another server's new one ends", (t) => {
  const { cards, ofIterator, runControl, told } = setUp(t);
  const current = [{ path: "d.png", index: 3 }]; // it has come since
  const state = { ...LOOP, stands: "running", running: 1, total: 4, stopped_on: null, current };
  const pausing = () => ofIterator.lines.includes("Pausing after this image…");
  runControl.goesOn = () => true;
  cards.heard("1", { kind: "iteration", loop: "l", filename: "", index: 3 });
  told("folder", { value: FOLDER });
  told("loop", { value: state });
  runControl.goesOn = () => false;
  runControl.pauses = () => true;
  cards.modeChanged();
  assert.equal(pausing(), true);
  runControl.pauses = () => false; // it has ended
  cards.modeChanged();
  assert.equal(pausing(), false);
  assert.ok(ofIterator.lines.includes("Image 4 of 4"));
});
