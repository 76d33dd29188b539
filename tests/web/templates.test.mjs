import assert from "node:assert/strict";
import test from "node:test";
import { inOwnLanguage } from "../../web/lib/templates.js";
import { Texts, show } from "../../web/lib/texts.js";

const TEXTS = {
  en: { templates: { howTo: "How to run it", run: "### Run", list: "- one\n- two" } },
  de: { templates: { howTo: "So geht es", run: "### Starten", list: "- eins\n- zwei" } },
};

function workflow(extra) {
  return {
    nodes: [
      { type: "MarkdownNote", title: "How to run it", widgets_values: ["### Run\n\n- one\n- two\n\nmine"] },
      { type: "SaveImage", widgets_values: ["### Run"] },
    ],
    groups: [{ title: "How to run it" }, { title: "Mine" }],
    extra,
  };
}

test("a template's notes and titles are in the user's language, and nothing else is", () => {
  show(new Texts(TEXTS, "de"));
  const opened = workflow({ batch_loop: "template", ds: {} });
  inOwnLanguage(opened);
  assert.deepEqual(opened, {
    nodes: [
      { type: "MarkdownNote", title: "So geht es", widgets_values: ["### Starten\n\n- eins\n- zwei\n\nmine"] },
      { type: "SaveImage", widgets_values: ["### Run"] },
    ],
    groups: [{ title: "So geht es" }, { title: "Mine" }],
    extra: { ds: {} },
  });
});

test("a workflow of the user stays as it is", () => {
  show(new Texts(TEXTS, "de"));
  for (const extra of [undefined, {}, { ds: {} }]) {
    const opened = workflow(extra);
    inOwnLanguage(opened);
    assert.deepEqual(opened, workflow(extra));
  }
  inOwnLanguage({});
});
