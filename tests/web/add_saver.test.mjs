import assert from "node:assert/strict";
import test from "node:test";
import { addSaver, saverAfter } from "../../web/lib/card/add_saver.js";

/** A node of the page with outputs of these types, and what each is linked to. */
function nodeOf(comfyClass, ...types) {
  const linked = types.map(() => []);
  return {
    comfyClass,
    pos: [0, 0],
    size: [100, 100],
    graph: { add() {}, nodes: [] },
    outputs: types.map((type) => ({ type })),
    getOutputNodes: (output) => linked[output],
    connect: (output, target, input) => linked[output].push(target) && (target.from[input] = [comfyClass, output]),
    leadsTo: (output, target) => linked[output].push(target),
  };
}

const CANVAS = { emitBeforeChange() {}, emitAfterChange() {}, setDirty() {} };

/** The saver that is added after an iterator: its class, and where its inputs come from. */
function added(iterator) {
  let saver;
  globalThis.LiteGraph = { createNode: (type) => (saver = { type, from: {}, size: [200, 300] }) };
  addSaver({ canvas: CANVAS }, iterator);
  assert.equal(saver.type, saverAfter(iterator));
  return [saver.type, saver.from, [...saver.pos]];
}

test("the saver fits what the iterator hands out", () => {
  const videos = nodeOf("BatchLoopVideoIterator", "BATCH_LOOP", "VIDEO", "STRING");
  assert.deepEqual(added(videos).slice(0, 2), [
    "BatchLoopSaveVideo",
    { video: ["BatchLoopVideoIterator", 1], loop: ["BatchLoopVideoIterator", 0] },
  ]);
  // What is made of a sound only its user knows.
  const sounds = nodeOf("BatchLoopAudioIterator", "BATCH_LOOP", "AUDIO", "STRING");
  assert.deepEqual(added(sounds).slice(0, 2), [
    "BatchLoopSaveText",
    { loop: ["BatchLoopAudioIterator", 0] },
  ]);
  const rows = nodeOf("BatchLoopRowIterator", "BATCH_LOOP", "BATCH_LOOP_ROW", "STRING");
  assert.deepEqual(added(rows).slice(0, 2), [
    "BatchLoopSaveImage",
    { loop: ["BatchLoopRowIterator", 0] },
  ]);
});

test("the saver comes after the work, of whatever type is between", () => {
  const videos = nodeOf("BatchLoopVideoIterator", "BATCH_LOOP", "VIDEO");
  const [parts, inverted, joined] = [
    nodeOf("GetVideoComponents", "IMAGE", "AUDIO", "FLOAT"),
    nodeOf("ImageInvert", "IMAGE"),
    nodeOf("CreateVideo", "VIDEO"),
  ];
  videos.leadsTo(1, parts);
  parts.leadsTo(2, joined);
  parts.leadsTo(0, inverted);
  inverted.leadsTo(0, joined);
  assert.deepEqual(added(videos)[1].video, ["CreateVideo", 0]);

  const images = nodeOf("BatchLoopDirectoryIterator", "BATCH_LOOP", "IMAGE", "MASK");
  const [encoded, sampled, decoded] = [
    nodeOf("VAEEncode", "LATENT"),
    nodeOf("KSampler", "LATENT"),
    nodeOf("VAEDecode", "IMAGE"),
  ];
  images.leadsTo(1, encoded);
  encoded.leadsTo(0, sampled);
  sampled.leadsTo(0, decoded);
  assert.deepEqual(added(images)[1].image, ["VAEDecode", 0]);
});

test("a circle of links has an end", () => {
  const images = nodeOf("BatchLoopDirectoryIterator", "BATCH_LOOP", "IMAGE");
  const work = nodeOf("ImageInvert", "IMAGE");
  images.leadsTo(1, work);
  work.leadsTo(0, work);
  assert.deepEqual(added(images)[1].image, ["ImageInvert", 0]);
});

test("the saver is beside the work, or below the nodes that are there", () => {
  const images = nodeOf("BatchLoopDirectoryIterator", "BATCH_LOOP", "IMAGE");
  assert.deepEqual(added(images)[2], [160, 0]);
  const at = (...pos) => ({ pos, size: [200, 100] });
  // The second one is where the saver would go to make way for the first.
  images.graph.nodes = [at(300, 250), at(170, 20), at(500, 0), at(170, -200)];
  assert.deepEqual(added(images)[2], [160, 440]);
});
