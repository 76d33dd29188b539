import assert from "node:assert/strict";
import test from "node:test";
import { heightOf, rowAfter, rowsInView, topFor } from "../../web/lib/panel/view.js";

const LIST = { total: 100_000, rowHeight: 84, viewHeight: 600, top: 0 };
/** Too tall for a browser. */
const HUGE = { ...LIST, total: 1_000_000 };

/** Whether the rows cover the whole view. */
function covers(list) {
  const { first, end, shift } = rowsInView(list);
  const from = first * list.rowHeight + shift;
  const to = end * list.rowHeight + shift;
  return from <= list.top && to >= list.top + list.viewHeight;
}

for (const [name, list] of Object.entries({ LIST, HUGE })) {
  test(`rows cover the view wherever it is scrolled to, and are few (${name})`, () => {
    const last = heightOf(list) - list.viewHeight;
    for (let step = 0; step <= 1000; step += 1) {
      const here = { ...list, top: Math.round((last * step) / 1000) };
      const { first, end } = rowsInView(here);
      assert.ok(covers(here), `at ${here.top}`);
      assert.ok(end - first <= 22);
    }
  });

  test(`the first and the last row are reached (${name})`, () => {
    assert.equal(rowsInView({ ...list, top: 0 }).first, 0);
    assert.equal(rowsInView({ ...list, top: heightOf(list) - list.viewHeight }).end, list.total);
  });

  test(`a row is brought into view (${name})`, () => {
    for (const index of [0, 7, 5_000, list.total - 1]) {
      for (const top of [0, 12_345, heightOf(list) - list.viewHeight]) {
        const there = { ...list, top: topFor(index, { ...list, top }) };
        const y = index * list.rowHeight + rowsInView(there).shift - there.top;
        assert.ok(y > -1 && y + list.rowHeight < list.viewHeight + 1, `${index} lies at ${y}`);
      }
    }
  });
}

test("a list is no taller than a browser can lay out", () => {
  assert.equal(heightOf(LIST), 8_400_000);
  assert.equal(heightOf(HUGE), 15_000_000);
});

test("selecting a row in view does not scroll", () => {
  assert.equal(topFor(3, { ...LIST, top: 100 }), 100);
});

test("a list without rows, and a view without height", () => {
  assert.deepEqual(rowsInView({ ...LIST, total: 0 }), { first: 0, end: 0, shift: 0 });
  assert.ok(rowsInView({ ...LIST, viewHeight: 0 }).end > 0);
});

test("the rows that keys move to", () => {
  const list = { total: 20, rowHeight: 84, viewHeight: 500 };
  assert.equal(rowAfter("ArrowDown", 3, list), 4);
  assert.equal(rowAfter("ArrowUp", 0, list), 0);
  assert.equal(rowAfter("PageDown", 3, list), 7);
  assert.equal(rowAfter("PageUp", 19, list), 15);
  assert.equal(rowAfter("End", 3, list), 19);
  assert.equal(rowAfter("Home", 3, list), 0);
  assert.equal(rowAfter("ArrowDown", 19, list), 19);
  assert.equal(rowAfter("x", 3, list), null);
  assert.equal(rowAfter("Home", 0, { ...list, total: 0 }), null);
});
