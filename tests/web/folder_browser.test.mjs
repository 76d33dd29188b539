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
function opened({ hangs, starts, recursive, found = {} }) {
  globalThis.document = { createElement: () => new Element(), body: new Element() };
  const [asked, depths] = [[], []];
  const roots = ["/in", "/drive"].map((path) => ({ name: path, path, written: path }));
  let answer;
  const server = {
    folders(path, ...more) {
      asked.push(path);
      depths.push(...more);
      if (path === hangs) return new Promise((resolve) => (answer = () => resolve(listed(path))));
      return Promise.resolve({ ...listed(path, path ? [] : roots), ...found });
    },
  };
  const chooser = { dialog: false, reason: "", file: null };
  const choice = new FolderBrowser({ server, starts, chooser, recursive }).choose();
  const press = (text) => {
    const button = document.body.children[0].find(text);
    assert.ok(button && !button.disabled, text);
    button.dispatchEvent(new Event("click"));
  };
  const says = (text) => Boolean(document.body.children[0].find(text));
  return { asked, depths, choice, press, says, answer: () => answer() };
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

test("with subfolders, the window says how many images there are in all", async () => {
  for (const [within, said] of [
    [{ images: 18, more: false }, "18 images in this folder and its subfolders. No folders in it."],
    [{ images: 512, more: true }, "512 images and more in this folder and its subfolders. No folders in it."],
    [{ images: 0, more: true }, "No folders in it."],
  ]) {
    const found = { images: 0, within, nothing: null };
    const { choice, depths, press, says } = opened({ starts: [], recursive: true, found });
    await turn();
    assert.ok(says(said), said);
    assert.deepEqual(depths.map(({ recursive }) => recursive), [true, true]);
    press("Cancel");
    await choice;
  }
});

test("other files than images are named, and what to do about them is said as on the card", async () => {
  const nothing = { why: "other", images: 0, folders: 0, kinds: [{ kind: ".CR2", count: 5 }] };
  const { choice, press, says } = opened({ starts: [], found: { images: 0, within: null, nothing } });
  await turn();
  const raw = "Raw photographs cannot be read: convert them to TIFF or JPEG first.";
  const other = `The folder holds other files: .CR2 (5). ${raw}`;
  assert.ok(says(`0 images in this folder. ${other} No folders in it.`));
  press("Cancel");
  await choice;
});
