import assert from "node:assert/strict";
import test from "node:test";
import { Endings } from "../../web/lib/endings.js";
import { polling } from "./clock.mjs";

const BEFORE = { id: "l", complete: false, stands: "running" };
const COMPLETE = { ...BEFORE, complete: true, stands: "complete" };

/** Endings, a server that answers with `found.state` or fails, and how often a change was told. */
function setUp() {
  const found = { state: COMPLETE, error: null };
  const loopsOf = async () => {
    if (found.error) throw found.error;
    return [found.state];
  };
  const { clock, poller } = polling({ loopsOf });
  const told = { changes: 0 };
  const endings = new Endings({ poller, changed: () => (told.changes += 1) });
  return { clock, endings, found, told };
}

test("what is known of a loop is of before its end until the server has told of it", async () => {
  const { clock, endings, told } = setUp();
  assert.equal(endings.isBefore(BEFORE), false);
  endings.begin(["l"]);
  assert.equal(endings.isBefore(BEFORE), true);
  assert.deepEqual([COMPLETE, null, { ...BEFORE, id: "m" }].map((state) => endings.isBefore(state)), [false, false, false]);
  await clock.pass(0);
  assert.deepEqual([endings.isBefore(BEFORE), told.changes], [false, 0]);
});

test("an ended loop that the server says goes on, or does not tell of, is no longer ended", async () => {
  const again = { state: BEFORE };
  const away = { error: new TypeError("Failed to fetch") };
  for (const answer of [again, away]) {
    const { clock, endings, found, told } = setUp();
    Object.assign(found, answer);
    endings.begin(["l"]);
    await clock.pass(0);
    assert.deepEqual([endings.isBefore(BEFORE), told.changes], [false, 1]);
  }
});
