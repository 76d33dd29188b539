import assert from "node:assert/strict";
import test from "node:test";
import {
  carried,
  fitScale,
  fitted,
  fullScale,
  isFitted,
  kept,
  panned,
  pinched,
  toggled,
  zoomed,
} from "../../web/lib/viewer/zoom.js";

const SCENE = {
  image: { width: 6000, height: 4000 },
  stage: { width: 1200, height: 600 },
  density: 1,
};
const SMALL = { ...SCENE, image: { width: 64, height: 48 } };
const SHARP = { ...SCENE, density: 2 };
const MIDDLE = { x: 600, y: 300 };

/** The pixel of the image at a point of the stage. */
function pixel(view, point) {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

function near(one, other) {
  assert.ok(Math.abs(one - other) < 1e-6, `${one} is not ${other}`);
}

function assertPixel(view, point, expected) {
  const found = pixel(view, point);
  near(found.x, expected.x);
  near(found.y, expected.y);
}

test("a large image fits into its stage, in the middle", () => {
  const view = fitted(SCENE);
  near(view.scale, 0.15);
  near(view.x, (1200 - 900) / 2);
  near(view.y, 0);
  assert.ok(isFitted(view, SCENE));
});

test("a small image is not enlarged", () => {
  assert.equal(fitted(SMALL).scale, 1);
  assert.equal(fitScale({ ...SMALL, density: 2 }), 0.5);
});

test("100 % is one pixel of the screen", () => {
  assert.equal(fullScale(SCENE), 1);
  assert.equal(fullScale(SHARP), 0.5);
});

test("zooming leaves the point under the mouse where it is", () => {
  const at = { x: 700, y: 200 };
  let view = zoomed(fitted(SCENE), 4, at, SCENE);
  const under = pixel(view, at);
  for (const factor of [1.3, 2, 0.8, 1.1]) {
    view = zoomed(view, factor, at, SCENE);
    assertPixel(view, at, under);
  }
});

test("zooming ends at the whole image and at 16 times its size", () => {
  assert.deepEqual(zoomed(fitted(SCENE), 0.01, MIDDLE, SCENE), fitted(SCENE));
  assert.equal(zoomed(fitted(SCENE), 1e6, MIDDLE, SCENE).scale, 16);
  assert.equal(zoomed(fitted(SHARP), 1e6, MIDDLE, SHARP).scale, 8);
});

test("panning leaves no gap at an edge", () => {
  const view = zoomed(fitted(SCENE), 4, MIDDLE, SCENE);
  const far = panned(view, { x: 1e6, y: -1e6 }, SCENE);
  assert.equal(far.x, 0);
  near(far.y, 600 - 4000 * far.scale);
  assert.deepEqual(panned(fitted(SCENE), { x: 50, y: 50 }, SCENE), fitted(SCENE));
});

test("fingers keep what is under them", () => {
  const view = zoomed(fitted(SCENE), 6, MIDDLE, SCENE);
  const before = [{ x: 500, y: 300 }, { x: 700, y: 300 }];
  const after = [{ x: 420, y: 320 }, { x: 740, y: 320 }];
  const now = pinched(view, before, after, SCENE);
  near(now.scale, view.scale * 1.6);
  assertPixel(now, after[0], pixel(view, before[0]));
  assertPixel(now, after[1], pixel(view, before[1]));
});

test("two fingers at one place do not break the view", () => {
  const same = [MIDDLE, MIDDLE];
  const view = pinched(fitted(SCENE), same, same, SCENE);
  assert.ok(Number.isFinite(view.scale) && Number.isFinite(view.x));
});

test("a double press goes to 100 % at its point, and back to the whole image", () => {
  const at = { x: 400, y: 100 };
  const near100 = toggled(fitted(SCENE), at, SCENE);
  assert.equal(near100.scale, 1);
  assertPixel(near100, at, pixel(fitted(SCENE), at));
  assert.deepEqual(toggled(near100, at, SCENE), fitted(SCENE));
});

test("a result of another size shows the same part at the same size", () => {
  const view = zoomed(fitted(SCENE), 5, { x: 500, y: 300 }, SCENE);
  const half = { ...SCENE, image: { width: 3000, height: 2000 } };
  const now = carried(view, SCENE, half);
  near(now.scale * 3000, view.scale * 6000);
  assertPixel(now, MIDDLE, { x: pixel(view, MIDDLE).x / 2, y: pixel(view, MIDDLE).y / 2 });
  assert.deepEqual(carried(fitted(SCENE), SCENE, half), fitted(half));
});

test("a smaller stage shows no gap either", () => {
  const view = panned(zoomed(fitted(SCENE), 4, MIDDLE, SCENE), { x: -1e6, y: 0 }, SCENE);
  const narrow = { ...SCENE, stage: { width: 600, height: 400 } };
  const now = kept(view, narrow);
  assert.ok(now.x <= 0 && now.x + 6000 * now.scale >= 600);
});
