import assert from "node:assert/strict";
import test from "node:test";
import { Pages } from "../../web/lib/panel/pages.js";

const SIZE = 100;

/** A server that answers when the test says so. */
function setUp() {
  const asked = [];
  let arrived = 0;
  const pages = new Pages(
    (start, count) =>
      new Promise((answer, refuse) => {
        const items = Array.from({ length: count }, (_, place) => ({ index: start + place }));
        asked.push({ start, answer: (mark) => answer({ items: mark ? [mark] : items }), refuse });
      }),
    () => (arrived += 1),
  );
  const starts = () => asked.map(({ start }) => start);
  return { pages, asked, starts, arrived: () => arrived };
}

const turn = () => new Promise((resume) => setImmediate(resume));

test("images that come into view are requested once, and cached", async () => {
  const { pages, asked, starts, arrived } = setUp();
  pages.want(0, 10);
  pages.want(2, 12);
  assert.deepEqual(starts(), [0]);
  assert.equal(pages.item(5), undefined);
  asked[0].answer();
  await turn();
  assert.equal(pages.item(5).index, 5);
  assert.equal(arrived(), 1);
  pages.want(3, 13);
  assert.deepEqual(starts(), [0]);
});

test("a view that spans two pages requests both", () => {
  const { pages, starts } = setUp();
  pages.want(SIZE - 5, SIZE + 5);
  assert.deepEqual(starts(), [0, SIZE]);
});

test("fast scrolling requests only the pages where it stops", async () => {
  const { pages, asked, starts } = setUp();
  for (let page = 0; page < 1000; page += 1) pages.want(page * SIZE, page * SIZE + 10);
  assert.deepEqual(starts(), [0, SIZE]);
  asked[0].answer();
  await turn();
  assert.deepEqual(starts(), [0, SIZE, 999 * SIZE]);
});

test("after a change, images in view are fetched again but shown until then", async () => {
  const { pages, asked, starts } = setUp();
  pages.want(0, 10);
  asked[0].answer();
  await turn();
  pages.refresh();
  assert.deepEqual(starts(), [0, 0]);
  assert.equal(pages.item(0).index, 0);
  asked[1].answer({ index: "new" });
  await turn();
  assert.equal(pages.item(0).index, "new");
  assert.deepEqual(starts(), [0, 0]);
});

test("an answer that was in progress during a change is not final", async () => {
  const { pages, asked, starts } = setUp();
  pages.want(0, 10);
  pages.refresh();
  assert.deepEqual(starts(), [0]);
  asked[0].answer();
  await turn();
  assert.deepEqual(starts(), [0, 0]);
});

test("a refused request is not repeated automatically", async () => {
  const { pages, asked, starts, arrived } = setUp();
  pages.want(0, 10);
  asked[0].refuse(new Error("away"));
  await turn();
  assert.deepEqual(starts(), [0]);
  assert.equal(arrived(), 0);
  pages.refresh();
  assert.deepEqual(starts(), [0, 0]);
});

test("a limited number of pages is kept", async () => {
  const { pages, asked } = setUp();
  for (let page = 0; page < 60; page += 1) {
    pages.want(page * SIZE, page * SIZE + 1);
    asked.at(-1).answer();
    await turn();
  }
  assert.equal(pages.item(0), undefined);
  assert.equal(pages.item(59 * SIZE).index, 59 * SIZE);
});

test("nothing is shown or requested once it is closed", async () => {
  const { pages, asked, starts, arrived } = setUp();
  pages.want(0, 10);
  pages.close();
  asked[0].answer();
  await turn();
  pages.want(500, 510);
  assert.equal(arrived(), 0);
  assert.deepEqual(starts(), [0]);
});
