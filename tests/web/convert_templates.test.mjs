/** Every workflow of ComfyUI's own templates that has a Load Image becomes a batch, or says why not. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import test from "node:test";
import { CannotConvert } from "../../web/lib/convert/cannot_convert.js";
import { carryOut } from "../../web/lib/convert/carry_out.js";
import { FOLDER_NODE, planFor } from "../../web/lib/convert/plan.js";
import { SavedEditor, ends } from "./saved_editor.mjs";

const ROOT = new URL("../../", import.meta.url).pathname;
const PACKAGES = [
  ".venv/lib/python3*/site-packages/comfyui_workflow_templates*",
  ".comfyui/overlay-*/comfyui_workflow_templates*",
];
const NOW = new Date(2026, 10, 26, 9, 5, 7);
const REPLACED = ["LoadImage", "SaveImage", "PreviewImage"];

const graphsOf = (saved) => [saved, ...(saved.definitions?.subgraphs ?? [])];
const nameOf = (saved, graph) => (graph === saved ? "" : graph.id);

function templates(pattern) {
  return globSync(`${ROOT}${pattern}/**/*.json`)
    .map((path) => [path, JSON.parse(readFileSync(path, "utf8"))])
    .filter(([, saved]) => Array.isArray(saved.nodes));
}

function loadersOf(saved) {
  return graphsOf(saved).flatMap((graph) =>
    graph.nodes
      .filter(({ type }) => type === "LoadImage")
      .map(({ id }) => ({ graph: nameOf(saved, graph), node: String(id) })),
  );
}

/** What a conversion came to: its kind, after it was checked. */
function outcome(saved, where) {
  try {
    const plan = planFor(saved, where, { now: NOW, name: "" });
    check(saved, plan);
    return plan.savers > 0 ? "a batch" : "no Save Image depends on it";
  } catch (error) {
    if (!(error instanceof CannotConvert)) throw error;
    return `refused: ${error.reason}`;
  }
}

/** Every link and every other node is what it was. */
function check(before, plan) {
  const editor = new SavedEditor(before);
  carryOut(plan, editor);
  const after = editor.saved;
  const replaced = new Map(
    plan.steps
      .filter((step) => step.do === "add")
      .map((step) => [`${step.graph}/${step.like}`, step]),
  );
  let added = 0;
  for (const graph of graphsOf(before)) {
    const id = nameOf(before, graph);
    const now = editor.graph(id);
    const left = ends(now).map(({ link: _, ...rest }) => JSON.stringify(rest));
    for (const { link: _, ...one } of ends(graph)) {
      const wanted = JSON.stringify(moved(graph, id, one));
      const at = left.indexOf(wanted);
      assert.notEqual(at, -1, `a link is gone: ${JSON.stringify(one)}, now ${wanted}`);
      left.splice(at, 1);
    }
    added += left.length;
    for (const node of graph.nodes) {
      const there = now.nodes.find((one) => one.id === node.id);
      assert.equal(there === undefined, replaced.has(`${id}/${node.id}`));
      if (there) assert.deepEqual({ ...there, inputs: 0, outputs: 0 }, { ...node, inputs: 0, outputs: 0 });
    }
    assert.equal(now.nodes.length, graph.nodes.length);
  }
  const exposed = plan.steps.filter((step) => step.do === "expose").length;
  assert.equal(added, plan.savers + exposed, "only links of loop are added");
  for (const step of replaced.values()) {
    if (step.key !== FOLDER_NODE) assert.equal(originOfLoop(after, editor, step), editor.made(FOLDER_NODE));
  }

  function moved(graph, id, { from, fromSlot, to, toSlot }) {
    const origin = replaced.get(`${id}/${from}`);
    const target = replaced.get(`${id}/${to}`);
    const type = graph.nodes.find((node) => String(node.id) === from)?.type;
    const inputs = graph.nodes.find((node) => String(node.id) === to)?.inputs;
    const input = target && { images: 0, filename_prefix: 2 }[inputs[toSlot].name];
    return {
      from: origin ? String(editor.made(origin.key)) : from,
      fromSlot: origin && type === "LoadImage" ? fromSlot + 1 : fromSlot,
      to: target ? String(editor.made(target.key)) : to,
      toSlot: target ? input : toSlot,
    };
  }
}

/** The node whose first output a new saver's `loop` comes from, through the subgraphs. */
function originOfLoop(saved, editor, { graph: id, key }) {
  let graph = editor.graph(id);
  let link = ends(graph).find(({ to, toSlot }) => to === String(editor.made(key)) && toSlot === 1);
  for (;;) {
    const { from, fromSlot } = link;
    const around = (inner) =>
      graphsOf(saved).find((one) => one.nodes.some(({ type }) => type === inner.id));
    if (from === "-10") {
      const outer = around(graph);
      const use = outer.nodes.find(({ type }) => type === graph.id);
      const slot = use.inputs.findIndex(({ name }) => name === graph.inputs[fromSlot].name);
      link = ends(outer).find(({ to, toSlot }) => to === String(use.id) && toSlot === slot);
      graph = outer;
      continue;
    }
    const node = graph.nodes.find((one) => String(one.id) === from);
    const inner = graphsOf(saved).find((one) => one !== saved && one.id === node.type);
    if (!inner) {
      assert.equal(fromSlot, 0);
      return node.id;
    }
    graph = inner;
    link = ends(inner).find(({ to, toSlot }) => to === "-20" && toSlot === fromSlot);
  }
}

for (const [pattern, counts] of [[PACKAGES[0], { workflows: 121, withSaver: 57 }], [PACKAGES[1]]]) {
  test(`every Load Image of the workflows in ${basename(pattern)} of ${pattern.split("/")[0]}`, () => {
    const able = templates(pattern).filter(([, saved]) => loadersOf(saved).length > 0);
    const outcomes = {};
    for (const [path, saved] of able) {
      for (const where of loadersOf(saved)) {
        const found = outcome(saved, where);
        outcomes[found] = (outcomes[found] ?? 0) + 1;
        if (process.env.SHOW_OUTCOMES) console.log(`${basename(path)} ${where.node}: ${found}`);
      }
    }
    if (process.env.SHOW_OUTCOMES) console.log(outcomes);
    assert.ok(outcomes["a batch"] > 0);
    if (!counts) return;
    const types = (saved) => graphsOf(saved).flatMap(({ nodes }) => nodes.map(({ type }) => type));
    const withSaver = able.filter(([, saved]) => types(saved).includes("SaveImage"));
    assert.deepEqual({ workflows: able.length, withSaver: withSaver.length }, counts);
    assert.ok(REPLACED.every((type) => able.some(([, saved]) => types(saved).includes(type))));
  });
}
