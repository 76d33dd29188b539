import assert from "node:assert/strict";
import test from "node:test";
import { nextValue, oneOfEach } from "../../web/lib/gate/next_values.js";

const SEED = { min: 0, max: 2 ** 64, step2: 1 };
const LIST = { values: ["a.png", "b.png", "c.jpg"] };

test("numbers stay, count, or are drawn within their limits", () => {
  assert.equal(nextValue(5, "fixed", SEED), 5);
  assert.equal(nextValue(5, "increment", SEED), 6);
  assert.equal(nextValue(5, "decrement", SEED), 4);
  assert.equal(nextValue(0, "decrement", SEED), 0);
  assert.equal(nextValue(5, "randomize", SEED, "", () => 0.5), 2 ** 49);
  assert.equal(nextValue(1, "increment", { min: 0, max: 2, step2: 0.5 }), 1.5);
  assert.equal(nextValue(2, "increment", { min: 0, max: 2, step2: 0.5 }), 2);
});

test("choices go on to the next, within those of the filter", () => {
  assert.equal(nextValue("a.png", "increment", LIST), "b.png");
  assert.equal(nextValue("c.jpg", "increment", LIST), "c.jpg");
  assert.equal(nextValue("c.jpg", "increment-wrap", LIST), "a.png");
  assert.equal(nextValue("b.png", "decrement", LIST), "a.png");
  assert.equal(nextValue("a.png", "randomize", LIST, "", () => 0.99), "c.jpg");
  assert.equal(nextValue("b.png", "increment", LIST, "PNG"), "b.png");
  assert.equal(nextValue("a.png", "increment", LIST, "/^c/"), "c.jpg");
  assert.equal(nextValue("a.png", "increment", LIST, "none"), "a.png");
});

test("a text has one of each of its choices", () => {
  const last = () => 0.99;
  assert.equal(oneOfEach("a {red|blue} hat", last), "a blue hat");
  assert.equal(oneOfEach("a {red|{dark|light} blue} hat // or a cap", last), "a light blue hat ");
  assert.equal(oneOfEach("\\{a|b\\} /* c */{d}", last), "{a|b} d");
});
