import assert from "node:assert/strict";
import test from "node:test";
import { candidates } from "../../web/lib/convert/candidates.js";
import { CannotConvert } from "../../web/lib/convert/cannot_convert.js";
import { carryOut } from "../../web/lib/convert/carry_out.js";
import { namesFrom } from "../../web/lib/convert/names.js";
import { placeFor } from "../../web/lib/convert/place.js";
import { planFor } from "../../web/lib/convert/plan.js";
import { SavedEditor, ends } from "./saved_editor.mjs";

const NOW = new Date(2026, 10, 26, 9, 5, 7);
const CONTEXT = { now: NOW, name: "" };
const BYPASSED = 4;
const MUTED = 2;

/** Nodes by id, with the types of their slots, and links as [from, slot, to, slot]. */
function saved(nodes, links, more = {}) {
  return {
    nodes: Object.entries(nodes).map(([id, node]) => ({ id: Number(id), ...node })),
    links: links.map(([from, fromSlot, to, toSlot], at) => [at + 1, from, fromSlot, to, toSlot, "*"]),
    ...more,
  };
}

const slots = (...types) => types.map((type) => ({ name: type.toLowerCase(), type }));

const load = (more = {}) => ({
  type: "LoadImage",
  inputs: [],
  outputs: slots("IMAGE", "MASK"),
  widgets_values: ["a.png", "image"],
  ...more,
});
const work = (more = {}) => ({
  type: "ImageInvert",
  inputs: slots("IMAGE"),
  outputs: slots("IMAGE"),
  ...more,
});
const save = (prefix = "ComfyUI", more = {}) => ({
  type: "SaveImage",
  inputs: [
    { name: "images", type: "IMAGE" },
    { name: "filename_prefix", type: "STRING" },
  ],
  outputs: [],
  widgets_values: [prefix],
  ...more,
});
const preview = () => ({ type: "PreviewImage", inputs: [{ name: "images", type: "IMAGE" }] });

const AT_TOP = { graph: "", node: "1" };

function converted(before, where = AT_TOP, name = "") {
  const plan = planFor(before, where, { now: NOW, name });
  const editor = new SavedEditor(before);
  carryOut(plan, editor);
  const values = Object.fromEntries(
    plan.steps.filter(({ do: kind }) => kind === "add").map(({ like, values }) => [like, values]),
  );
  return { plan, editor, values, after: editor.saved };
}

/** Links as "from.slot > to.slot", with the types of the new nodes. */
function linksOf(editor, graph = "") {
  const own = editor.graph(graph);
  const name = (id) => {
    const node = own.nodes.find((one) => String(one.id) === id);
    return node?.type.startsWith("BatchLoop") ? node.type.slice("BatchLoop".length) : id;
  };
  return ends(own)
    .map(({ from, fromSlot, to, toSlot }) => `${name(from)}.${fromSlot} > ${name(to)}.${toSlot}`)
    .sort();
}

function reasonOf(act) {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof CannotConvert, error);
    return error.reason;
  }
  return assert.fail("not refused");
}

test("a loader and its saver become two nodes with three links", () => {
  const { editor, plan } = converted(
    saved({ 1: load(), 2: work(), 3: save() }, [[1, 0, 2, 0], [2, 0, 3, 0]]),
  );
  assert.deepEqual(linksOf(editor), [
    "2.0 > SaveImage.0",
    "DirectoryIterator.0 > SaveImage.1",
    "DirectoryIterator.1 > 2.0",
  ]);
  assert.equal(plan.savers, 1);
});

test("a saver may be linked to the loader itself, and the mask stays linked", () => {
  const { editor } = converted(
    saved({ 1: load(), 2: work(), 3: save() }, [[1, 1, 2, 0], [1, 0, 3, 0]]),
  );
  assert.deepEqual(linksOf(editor), [
    "DirectoryIterator.0 > SaveImage.1",
    "DirectoryIterator.1 > SaveImage.0",
    "DirectoryIterator.2 > 2.0",
  ]);
});

test("what does not depend on the loader stays", () => {
  const { editor, plan } = converted(
    saved(
      { 1: load(), 2: save(), 3: load(), 4: save(), 5: preview() },
      [[1, 0, 2, 0], [3, 0, 4, 0], [3, 0, 5, 0]],
    ),
  );
  assert.equal(plan.savers, 1);
  assert.ok(linksOf(editor).includes("3.0 > 4.0"));
});

test("a linked prefix is a folder's link", () => {
  const { editor } = converted(
    saved(
      { 1: load(), 2: save(), 3: { type: "PrimitiveNode", outputs: slots("STRING") } },
      [[1, 0, 2, 0], [3, 0, 2, 1]],
    ),
  );
  assert.ok(linksOf(editor).includes("3.0 > SaveImage.2"));
});

test("a link keeps its way through reroutes", () => {
  const before = saved({ 1: load(), 2: save() }, [[1, 0, 2, 0]], {
    extra: { linkExtensions: [{ id: 1, parentId: 7 }] },
  });
  const { steps } = planFor(before, AT_TOP, CONTEXT);
  assert.deepEqual(
    steps.filter(({ do: kind }) => kind === "link").map(({ to, parentId }) => [to.slot, parentId]),
    [["image", 7], ["loop", undefined]],
  );
});

test("reroute nodes, and nodes that set and get a value, lead on", () => {
  const reroute = { type: "Reroute", inputs: slots("*"), outputs: slots("IMAGE") };
  const sets = { type: "SetNode", inputs: slots("IMAGE"), outputs: [], widgets_values: ["a"] };
  const gets = { type: "GetNode", inputs: [], outputs: slots("IMAGE"), widgets_values: ["a"] };
  const { plan } = converted(
    saved({ 1: load(), 2: reroute, 3: sets, 4: gets, 5: save() }, [
      [1, 0, 2, 0],
      [2, 0, 3, 0],
      [4, 0, 5, 0],
    ]),
  );
  assert.equal(plan.savers, 1);
});

test("a bypassed node passes the image on, but not to other types, and a muted one nothing", () => {
  const behind = (node) =>
    planFor(saved({ 1: load(), 2: node, 3: save() }, [[1, 0, 2, 0], [2, 0, 3, 0]]), AT_TOP, CONTEXT).savers;
  assert.equal(behind(work({ mode: BYPASSED })), 1);
  assert.equal(behind(work({ mode: BYPASSED, inputs: slots("LATENT") })), 0);
  const first = work({ mode: BYPASSED, inputs: slots("IMAGE", "IMAGE") });
  assert.equal(behind(first), 1);
  assert.equal(behind(work({ mode: MUTED })), 0);
});

test("a saver that is switched off becomes one, too, and stays off", () => {
  const { plan } = converted(
    saved({ 1: load(), 2: work({ mode: BYPASSED, inputs: slots("LATENT") }), 3: save("", { mode: MUTED }) }, [
      [1, 0, 2, 0],
      [2, 0, 3, 0],
    ]),
  );
  assert.equal(plan.savers, 1);
});

test("previews go to the saver's own folder, told apart by a suffix if there is something else", () => {
  const alone = converted(saved({ 1: load(), 2: preview() }, [[1, 0, 2, 0]]));
  assert.deepEqual(alone.values[2], { folder: "batch_loop", suffix: "" });
  const beside = converted(
    saved({ 1: load(), 2: preview(), 3: save("ComfyUI"), 4: preview() }, [
      [1, 0, 2, 0],
      [1, 0, 3, 0],
      [1, 0, 4, 0],
    ]),
  );
  assert.deepEqual(beside.values[2], { folder: "batch_loop", suffix: "_preview" });
  assert.deepEqual(beside.values[3], { folder: "batch_loop", prefix: "" });
  assert.deepEqual(beside.values[4], { folder: "batch_loop", suffix: "_preview_2" });
});

test("a prefix says the folder and what names begin with", () => {
  const says = (text) => {
    const { folder, prefix } = namesFrom(text, NOW);
    return [folder, prefix];
  };
  assert.deepEqual(says("ComfyUI"), ["batch_loop", ""]);
  assert.deepEqual(says(""), ["batch_loop", ""]);
  assert.deepEqual(says("ComfyUI-45_left"), ["batch_loop", "45_left_"]);
  assert.deepEqual(says("ComfyUIish"), ["batch_loop", "ComfyUIish_"]);
  assert.deepEqual(says("Luma/img2img/00"), ["Luma/img2img", "00_"]);
  assert.deepEqual(says("shop/big_"), ["shop", "big_"]);
  assert.deepEqual(says("video/ComfyUI"), ["video", ""]);
  assert.deepEqual(says("shop/"), ["shop", ""]);
  assert.deepEqual(says("C:\\out\\big"), ["C:\\out", "big_"]);
  assert.deepEqual(says("Flux.2[pro]"), ["batch_loop", "Flux.2[pro]_"]);
  assert.deepEqual(says("a:b"), ["batch_loop", "a-b_"]);
});

test("results that no prefix gives a folder go into one with the workflow's name", () => {
  const folder = (name, prefix = "ComfyUI") => namesFrom(prefix, NOW, name).folder;
  assert.equal(folder("Shop photos"), "Shop photos");
  assert.equal(folder("Shop photos", "shop/big"), "shop");
  assert.equal(folder("../a:b {x} 100%."), "-a-b -x- 100-");
  assert.equal(folder("x".repeat(300)).length, 80);
  for (const none of ["", "Unsaved Workflow", "Unsaved Workflow (2)", "...", "con"]) {
    assert.equal(folder(none), "batch_loop");
  }
  const { values } = converted(
    saved({ 1: load(), 2: preview(), 3: save() }, [[1, 0, 2, 0], [1, 0, 3, 0]]),
    AT_TOP,
    "Shop photos",
  );
  assert.deepEqual(values[2], { folder: "Shop photos", suffix: "_preview" });
  assert.deepEqual(values[3], { folder: "Shop photos", prefix: "" });
});

test("an image that fails does not end the batch", () => {
  const { values } = converted(saved({ 1: load(), 2: save() }, [[1, 0, 2, 0]]));
  assert.deepEqual(values[1], { error_handling: "Skip on error" });
});

test("dates in a prefix are today's, and what differs between images is left out", () => {
  const named = namesFrom("%date:yyyy-MM-dd%/%KSampler.seed%/a_%hour%h_%width%x%height%", NOW);
  assert.deepEqual(named, {
    folder: "2026-11-26",
    prefix: "a_09h_x_",
    dropped: ["%KSampler.seed%", "%width%", "%height%"],
  });
  assert.equal(namesFrom("%date:yy%/%year%%month%%day%_100% cotton", NOW).prefix, "20261126_100% cotton_");
});

/** Subgraph "sub" with a node inside, used by node 9. */
function withSubgraph(outer, outerLinks, inner, innerLinks, more = {}) {
  const { inputs = [], outputs = [], ...rest } = more;
  const use = { type: "sub", inputs, outputs, ...rest };
  const subgraph = {
    id: "sub",
    name: "Work",
    ...saved(inner, []),
    links: innerLinks.map(([from, fromSlot, to, toSlot], at) => ({
      id: at + 100,
      origin_id: from,
      origin_slot: fromSlot,
      target_id: to,
      target_slot: toSlot,
    })),
    inputs,
    outputs,
  };
  return saved({ 9: use, ...outer }, outerLinks, { definitions: { subgraphs: [subgraph] } });
}

test("the loop gets into a subgraph by an input of its own", () => {
  const before = withSubgraph({ 1: load() }, [[1, 0, 9, 0]], { 2: save() }, [[-10, 0, 2, 0]], {
    inputs: slots("IMAGE"),
  });
  const { editor } = converted(before);
  assert.deepEqual(linksOf(editor), ["DirectoryIterator.0 > 9.1", "DirectoryIterator.1 > 9.0"]);
  assert.deepEqual(linksOf(editor, "sub"), ["-10.0 > SaveImage.0", "-10.1 > SaveImage.1"]);
});

test("the loop gets out of a subgraph by an output of its own, once for all savers", () => {
  const before = withSubgraph(
    { 2: save(), 3: save() },
    [[9, 0, 2, 0], [9, 0, 3, 0]],
    { 1: load() },
    [[1, 0, -20, 0]],
    { outputs: slots("IMAGE") },
  );
  const { editor } = converted(before, { graph: "sub", node: "1" });
  assert.deepEqual(linksOf(editor, "sub"), ["DirectoryIterator.0 > -20.1", "DirectoryIterator.1 > -20.0"]);
  assert.deepEqual(linksOf(editor), [
    "9.0 > SaveImage.0",
    "9.0 > SaveImage.0",
    "9.1 > SaveImage.1",
    "9.1 > SaveImage.1",
  ]);
});

test("an image that only passes through a subgraph leaves it as it is", () => {
  const before = withSubgraph(
    { 1: load(), 2: save() },
    [[1, 0, 9, 0], [9, 0, 2, 0]],
    { 5: work() },
    [[-10, 0, 5, 0], [5, 0, -20, 0]],
    { inputs: slots("IMAGE"), outputs: slots("IMAGE") },
  );
  const { editor, plan } = converted(before);
  assert.equal(plan.savers, 1);
  assert.deepEqual(linksOf(editor, "sub"), ["-10.0 > 5.0", "5.0 > -20.0"]);
});

test("a choice of an image that a subgraph only shows goes with the loader", () => {
  const inputs = [{ name: "image", type: "COMBO" }];
  const loader = load({ inputs });
  const inner = [[-10, 0, 1, 0], [1, 0, -20, 0]];
  const slotsOf = { inputs, outputs: slots("IMAGE") };
  const where = { graph: "sub", node: "1" };
  const shown = withSubgraph({ 2: save() }, [[9, 0, 2, 0]], { 1: loader }, inner, slotsOf);
  const { editor } = converted(shown, where);
  assert.deepEqual(editor.graph("sub").inputs, []);
  assert.deepEqual(linksOf(editor, "sub"), ["DirectoryIterator.0 > -20.1", "DirectoryIterator.1 > -20.0"]);
  const given = withSubgraph({ 2: save(), 3: work() }, [[9, 0, 2, 0], [3, 0, 9, 0]], { 1: loader }, inner, slotsOf);
  assert.equal(reasonOf(() => planFor(given, where, CONTEXT)), "linked");
});

test("what cannot become a batch is refused with a reason", () => {
  const inside = (more) =>
    withSubgraph({}, [], { 1: load() }, [[1, 0, -20, 0]], { outputs: slots("IMAGE"), ...more });
  const where = { graph: "sub", node: "1" };
  const refused = (before, at = AT_TOP) => reasonOf(() => planFor(before, at, CONTEXT));
  assert.equal(refused(saved({ 1: load({ mode: BYPASSED }) }, [])), "off");
  const linked = load({ inputs: [{ name: "image" }] });
  assert.equal(refused(saved({ 1: linked, 2: work() }, [[2, 0, 1, 0]])), "linked");
  assert.equal(refused(inside({ mode: MUTED }), where), "off");
  assert.ok(planFor(inside({ properties: { proxyWidgets: [["1", "image"]] } }), where, CONTEXT));
  const twice = inside({});
  twice.nodes.push({ ...twice.nodes[0], id: 8 });
  assert.equal(refused(twice, where), "usedTwice");
  const { after } = converted(saved({ 1: load(), 2: load() }, []));
  assert.equal(refused(after, { graph: "", node: "2" }), "already");
  const strange = save("", { inputs: [{ name: "of another pack" }] });
  assert.equal(refused(saved({ 1: load(), 2: strange }, [[1, 0, 2, 0]])), "unknownLink");
  assert.equal(reasonOf(() => candidates(saved({ 2: save() }, []))), "noLoadImage");
});

test("only loaders that can be the folder are offered", () => {
  const before = saved({ 1: load({ title: "Person" }), 2: load({ mode: MUTED }), 3: load() }, []);
  assert.deepEqual(
    candidates(before).map(({ node, title, file }) => [node, title, file]),
    [["1", "Person", "a.png"], ["3", "Load Image #3", "a.png"]],
  );
  assert.equal(reasonOf(() => candidates(saved({ 1: load({ mode: MUTED }) }, []))), "off");
});

test("a loader that is connected to nothing is offered only if all are", () => {
  const nodes = { 1: load(), 2: load(), 3: save(), 4: load() };
  const offered = (links) => candidates(saved(nodes, links)).map(({ node }) => node);
  assert.deepEqual(offered([[2, 0, 3, 0]]), ["2"]);
  assert.deepEqual(offered([]), ["1", "2", "4"]);
});

test("a larger node covers no more than it must", () => {
  const before = { pos: [100, 100], size: [200, 200] };
  const node = { pos: [0, 0], size: [200, 400] };
  assert.deepEqual(placeFor(before, node, []), [100, 100]);
  assert.deepEqual(placeFor(before, node, [{ pos: [100, 350], size: [100, 100] }]), [100, -100]);
  const between = [{ pos: [100, 350], size: [100, 100] }, { pos: [100, -50], size: [100, 100] }];
  // No corner is free: the nearest place that is.
  assert.deepEqual(placeFor(before, node, between), [220, 100]);
});
