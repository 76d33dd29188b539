import assert from "node:assert/strict";
import test from "node:test";
import { ENGLISH } from "./english.mjs";
import { explained } from "../../web/lib/errors.js";
import { Refused } from "../../web/lib/requests.js";

const { error: SENTENCES } = ENGLISH;

test("a refusal shows the server's reason and what to do next", () => {
  for (const status of [400, 403, 404, 409, 415, 501, 503]) {
    assert.equal(explained(new Refused("why", status)), `why\n${SENTENCES[status]}`);
    assert.match(SENTENCES[status], /^[A-Z].+\.$/);
  }
});

test("other errors point to the log, and no response to the server", () => {
  assert.equal(explained(new Refused("500 oh", 500)), `500 oh\n${SENTENCES.other}`);
  assert.equal(explained(new TypeError("no network")), `no network\n${SENTENCES.unreachable}`);
  assert.equal(explained("text"), `text\n${SENTENCES.unreachable}`);
});

test("every advice has an error that shows it", () => {
  const known = ["400", "403", "404", "409", "415", "501", "503", "other", "unreachable"];
  assert.deepEqual(Object.keys(SENTENCES).sort(), known);
});
