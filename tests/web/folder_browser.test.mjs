import assert from "node:assert/strict";
import test from "node:test";
import { FolderBrowser } from "../../web/lib/card/folder_browser.js";
import "./english.mjs";

/** As much of a page's element as the window needs. */
class Element extends EventTarget {
  children = [];
  attributes = {};
  classList = { add() {} };
  #text = "";

  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  removeAttribute(name) {
    delete this.attributes[name];
  }
  get textContent() {
    return this.#text + this.children.map((child) => child.textContent ?? child).join("");
  }
  set textContent(text) {
    this.#text = text;
    this.children = [];
  }
  querySelector() {
    return null;
  }
  focus() {}
  remove() {}
  showModal() {}
  close() {
    this.dispatchEvent(new Event("close"));
  }
  /** The innermost one with this text. */
  find(text) {
    const within = this.children.map((child) => child.find?.(text)).find(Boolean);
    return within ?? (this.textContent === text ? this : null);
  }
}

const listed = (path, folders = []) => ({
  path,
  written: path,
  parent: null,
  folders,
  more: false,
  images: 3,
  holds_comfyui: false,
});

/** The window over a server on which one of the folders, and what it was asked, does not answer. */
function opened({ hangs, starts }) {
  globalThis.document = { createElement: () => new Element(), body: new Element() };
  const asked = [];
  const roots = ["/in", "/drive"].map((path) => ({ name: path, path, written: path }));
  let answer;
  const server = {
    folders(path) {
      asked.push(path);
      if (path === hangs) return new Promise((resolve) => (answer = () => resolve(listed(path))));
      return Promise.resolve(listed(path, path ? [] : roots));
    },
  };
  const chooser = { dialog: false, reason: "", file: null };
  const choice = new FolderBrowser({ server, starts, chooser }).choose();
  const press = (text) => {
    const button = document.body.children[0].find(text);
    assert.ok(button && !button.disabled, text);
    button.dispatchEvent(new Event("click"));
  };
  return { asked, choice, press, answer: () => answer() };
}

/** What has been answered has been shown. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a choice is taken while the folder that the search began in does not answer", async () => {
  const { asked, choice, press, answer } = opened({ hangs: "/drive/gone", starts: ["/drive/gone"] });
  await turn();
  press("in");
  await turn();
  press("Choose this folder");
  assert.deepEqual(await Promise.race([choice, turn()]), { written: "/in", place: "/in" });
  answer();
  await turn();
  assert.deepEqual(asked, ["", "/drive/gone", "/in"]);
});

test("a window that was closed before the list of folders came asks no more", async () => {
  const { asked, choice, press, answer } = opened({ hangs: "", starts: [] });
  press("Cancel");
  assert.equal(await Promise.race([choice, turn()]), null);
  answer();
  await turn();
  assert.deepEqual(asked, [""]);
});

test("before a folder is open, there is none above it to go to", async () => {
  const { asked, choice, press, answer } = opened({ hangs: "", starts: [] });
  assert.throws(() => press("Up"));
  answer();
  await turn();
  assert.deepEqual(asked, ["", "."]);
  press("Cancel");
  await choice;
});
