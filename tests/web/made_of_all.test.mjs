import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { MadeOfAllLinks } from "../../web/lib/made_of_all.js";

/** A fake of the parts of an element that the links use. */
class FakeElement {
  children = [];

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  get textContent() {
    return this.children.map((child) => child.textContent ?? child).join("");
  }
}

test("of very many files the first are named and all others counted", (t) => {
  globalThis.document = { createElement: () => new FakeElement() };
  t.after(() => delete globalThis.document);
  const links = new MadeOfAllLinks(() => "");
  const film = (number, more = 0) => ({ node_id: "7", path: `/${number}.mp4`, view: null, more });
  const shown = (made) => {
    links.show(made);
    return links.element.children.map((line) => line.textContent);
  };
  const named = [1, 2, 3].map((number) => `Video: /${number}.mp4`);
  const first = [film(1), film(2), film(3)];
  assert.deepEqual(shown(first), named);
  assert.deepEqual(shown([...first, film(4)]), [...named, "… and 1 more"]);
  assert.deepEqual(shown([...first, film(4, 9_900)]), [...named, "… and 9,901 more"]);
});
