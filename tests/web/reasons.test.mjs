import assert from "node:assert/strict";
import test from "node:test";
import "./english.mjs";
import { Reasons } from "../../web/lib/reasons.js";

const ASSEMBLE = "BatchLoopAssembleVideo";
const FAILURE = { node_id: "4:6", node_type: ASSEMBLE, exception_message: "No video was made.\n" };

globalThis.LiteGraph = { registered_node_types: { [ASSEMBLE]: { title: "Assemble Video" } } };

/** With a page that keeps the texts of nodes back or not; `shown` are the notices by their keys. */
function setUp({ keepsBack = true, nodes = {} } = {}) {
  const get = (id) => (id === "Comfy.RightSidePanel.ShowErrorsTab" ? keepsBack : undefined);
  const app = { extensionManager: { setting: { get } }, lastNodeErrors: null };
  const shown = new Map();
  const box = {
    hide: (key) => shown.delete(key),
    showWith: (key, { summary, detail }) => shown.set(key, [summary, detail]),
  };
  const reasons = new Reasons({ app, box, screen: { find: (id) => nodes[id] ?? null } });
  return { app, reasons, texts: () => [...shown.values()] };
}

const fault = (text, type = "custom_validation_failed") => ({
  type,
  message: "Custom validation failed for node",
  details: `pattern - ${text}`,
  extra_info: { input_name: "pattern" },
});

test("why a node of the pack failed is told where the page does not show it", () => {
  const nodes = { "4:6": { comfyClass: ASSEMBLE, title: "My film" } };
  const { reasons, texts } = setUp({ nodes });
  reasons.failed(FAILURE);
  assert.deepEqual(texts(), [["My film failed", "No video was made."]]);
  reasons.reported("5");
  assert.equal(texts().length, 1);
  reasons.reported("4:6");
  assert.deepEqual(texts(), []);
});

test("a node that is not on the screen is told by the name of its kind", () => {
  const { reasons, texts } = setUp({ nodes: { "4:6": { comfyClass: "Other", title: "Other" } } });
  reasons.failed(FAILURE);
  assert.deepEqual(texts(), [["Assemble Video failed", "No video was made."]]);
});

test("nothing is told of other nodes, and where the page shows the text itself", () => {
  const { reasons, texts } = setUp();
  reasons.failed({ ...FAILURE, node_type: "KSampler" });
  assert.deepEqual(texts(), []);
  for (const keepsBack of [false, null]) {
    const { app, reasons: others, texts: theirs } = setUp({ keepsBack });
    others.failed(FAILURE);
    app.lastNodeErrors = { 6: { class_type: ASSEMBLE, errors: [fault("No such file.")] } };
    others.refused(false);
    assert.deepEqual(theirs(), []);
  }
});

test("why a prompt was refused is told until the next one is sent", () => {
  const { app, reasons, texts } = setUp();
  app.lastNodeErrors = {
    6: { class_type: ASSEMBLE, errors: [fault("No such file."), fault("5", "value_not_in_list")] },
    7: { class_type: "KSampler", errors: [fault("Not ours.")] },
  };
  reasons.refused(false);
  assert.deepEqual(texts(), [["Nothing was run", "Assemble Video: No such file."]]);
  reasons.sending();
  assert.deepEqual(texts(), []);
  reasons.refused(true);
  const stopped = "Batch stopped: ComfyUI refuses its workflow";
  assert.deepEqual(texts(), [[stopped, "Assemble Video: No such file."]]);
});
