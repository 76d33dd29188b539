import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Viewer } from "../../web/lib/viewer/viewer.js";

/** A fake of the parts of an element that the viewer uses. */
class FakeElement {
  children = [];
  style = {};
  dataset = {};
  classList = { add() {}, remove() {}, toggle() {} };
  listeners = {};
  textContent = "";
  isConnected = true;

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  addEventListener(event, heard) {
    this.listeners[event] = heard;
  }

  setAttribute() {}
  removeAttribute() {}
  contains() {
    return true;
  }

  focus() {}
  showModal() {}
  scrollIntoView() {}
  async decode() {}

  /** The first element with a class in it. */
  find(name) {
    if (this.className?.split(" ").includes(`batch-loop-${name}`)) return this;
    for (const child of this.children) {
      const found = child.find?.(name);
      if (found) return found;
    }
    return null;
  }
}

/**
 * A viewer of two images with two texts each; `texts` are those that were asked for, and `asked` the
 * pictures. With `shows`, the results are that, and with `frames` the images are windows of frames.
 */
async function opened(t, { shows = "text", frames = [] } = {}) {
  const body = new FakeElement();
  globalThis.document = { createElement: () => new FakeElement(), body };
  globalThis.ResizeObserver = class {
    observe() {}
  };
  t.after(() => {
    delete globalThis.document;
    delete globalThis.ResizeObserver;
  });
  const file = (path, shows) => ({ path, shows, width: 4, height: 2, bytes: 1, reason: "" });
  const texts = [];
  const asked = [];
  const server = {
    files: async (_loop, path) => ({
      source: { ...file(path, "picture"), bytes: frames.length ? null : 1 },
      results: ["1.txt", "2.txt"].map((name) => file(path + name, shows)),
      frames,
    }),
    text: (_loop, path, output) => new Promise((told) => texts.push({ path, output, told })),
    picture: (_loop, path, which) => {
      asked.push({ path, ...which });
      return "";
    },
    thumbnail: () => "",
    media: () => "",
  };
  const items = ["a.png", "b.png"].map((path) => ({ path, state: "done", attempts: 1, seconds: 1 }));
  const gallery = { total: items.length, item: (index) => items[index], choose() {} };
  const trying = { canTry: false, tryTitle: "", tryOne() {} };
  const loop = { id: "l", batch: 1 };
  const viewer = new Viewer({ server, gallery, loop, index: 0, trying, closed() {} });
  viewer.open();
  const turn = () => new Promise((resume) => setImmediate(resume));
  await turn();
  const [dialog] = body.children;
  const shown = dialog.find("viewer-text");
  const press = (key) =>
    dialog.listeners.keydown({ key, preventDefault() {}, stopPropagation() {} });
  const tell = async (text) => {
    texts.at(-1).told(text);
    await turn();
  };
  const facts = dialog.find("viewer-facts");
  return { asked, facts, loop, press, shown, tell, texts, turn, viewer };
}

test("the text of one image, or result, is never seen under the name of another", async (t) => {
  const { press, shown, tell, texts, turn } = await opened(t);
  await tell("the first of a");
  assert.equal(shown.textContent, "the first of a");
  press("ArrowDown"); // the next result
  assert.equal(shown.textContent, "");
  await tell("the second of a");
  assert.equal(shown.textContent, "the second of a");
  press("ArrowRight"); // the next image
  assert.equal(shown.textContent, "");
  await turn();
  assert.equal(shown.textContent, "");
  await tell("the first of b");
  assert.equal(shown.textContent, "the first of b");
  assert.deepEqual(
    texts.map(({ path, output }) => [path, output]),
    [["a.png", 0], ["a.png", 1], ["b.png", 0]],
  );
});

test("a text stays on the screen while it is read again, and changes with its file", async (t) => {
  const { loop, press, shown, tell, texts, turn, viewer } = await opened(t);
  await tell("a caption");
  for (const batch of [2, 3]) {
    viewer.show({ ...loop, batch });
    await turn();
    assert.equal(shown.textContent, "a caption");
  }
  assert.equal(texts.length, 3);
  await tell("a better caption");
  assert.equal(shown.textContent, "a better caption");
  press("ArrowDown"); // the next result
  await tell("the second");
  viewer.show({ ...loop, batch: 4 });
  await turn();
  assert.equal(shown.textContent, "the second");
});

test("each result of a window of frames is beside the frame that it was made from", async (t) => {
  const frames = [{ number: 12, seconds: 0.48 }, { number: 13, seconds: 0.52 }];
  const { asked, facts, press } = await opened(t, { shows: "picture", frames });
  const besides = () => asked.filter(({ output }) => output === undefined).map(({ frame }) => frame);
  const size = () => facts.children[0].find("viewer-size").children.join("");
  assert.deepEqual(new Set(besides()), new Set([12]));
  assert.equal(size(), "4 × 2 · 0:00.48");
  asked.length = 0;
  press("ArrowDown"); // the next result
  assert.deepEqual(new Set(besides()), new Set([13]));
  assert.deepEqual(new Set(asked.filter(({ output }) => output === 1).map(({ frame }) => frame)), new Set([undefined]));
  assert.equal(size(), "4 × 2 · 0:00.52");
});
