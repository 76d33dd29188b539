import assert from "node:assert/strict";
import test from "node:test";
import { NodeTexts } from "../../web/lib/node_texts.js";

const LOOP_END = {
  display_name: "Schleifenende",
  description: "Das Ende.",
  inputs: {
    value: { name: "Wert", tooltip: "Wird übernommen." },
    gone: { name: "Weg", tooltip: "Kennt dieser Node nicht." },
  },
  outputs: { 0: { name: "Schleife", tooltip: "Weiter." } },
};

function setUp(texts = { BatchLoopLoopEnd: LOOP_END, LoopEnd: LOOP_END }) {
  const nodeTexts = new NodeTexts();
  nodeTexts.use(texts);
  return nodeTexts;
}

function definition() {
  return {
    display_name: "Loop End",
    description: "The end.",
    input: { required: { loop: ["BATCH_LOOP"] }, optional: { value: ["*", { lazy: true }] } },
    output_name: ["loop"],
    output_tooltips: ["On."],
  };
}

test("a definition gets names and tooltips, and keeps what workflows save", () => {
  const definitions = { BatchLoopLoopEnd: definition() };
  setUp().define(definitions);
  assert.deepEqual(definitions.BatchLoopLoopEnd, {
    display_name: "Schleifenende",
    description: "Das Ende.",
    input: {
      required: { loop: ["BATCH_LOOP"] },
      optional: { value: ["*", { lazy: true, tooltip: "Wird übernommen." }] },
    },
    output_name: ["loop"],
    output_tooltips: ["Weiter."],
  });
});

test("nodes of other packs, and nodes without texts, are left alone", () => {
  const definitions = { LoopEnd: definition(), BatchLoopLoopStart: definition() };
  setUp().define(definitions);
  assert.deepEqual(definitions, { LoopEnd: definition(), BatchLoopLoopStart: definition() });
  const node = { comfyClass: "LoopEnd", widgets: [{ name: "value" }] };
  setUp().label(node);
  assert.deepEqual(node.widgets, [{ name: "value" }]);
});

test("a node's widgets and sockets get labels, and keep their names", () => {
  const node = {
    comfyClass: "BatchLoopLoopEnd",
    widgets: [{ name: "value" }, { name: "Start over", label: "Von vorn beginnen" }],
    inputs: [{ name: "value" }, { name: "loop", localized_name: "loop" }],
    outputs: [{ name: "loop" }, { name: "other", localized_name: "other" }],
  };
  setUp().label(node);
  assert.deepEqual(node.widgets, [
    { name: "value", label: "Wert", tooltip: "Wird übernommen." },
    { name: "Start over", label: "Von vorn beginnen" },
  ]);
  assert.deepEqual(node.inputs, [
    { name: "value", localized_name: "Wert" },
    { name: "loop", localized_name: "loop" },
  ]);
  assert.deepEqual(node.outputs, [
    { name: "loop", localized_name: "Schleife" },
    { name: "other", localized_name: "other" },
  ]);
});

test("a node may have neither widgets nor sockets", () => {
  const node = { comfyClass: "BatchLoopLoopEnd" };
  setUp().label(node);
  assert.deepEqual(node, { comfyClass: "BatchLoopLoopEnd" });
});
