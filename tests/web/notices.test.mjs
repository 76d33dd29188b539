import assert from "node:assert/strict";
import test from "node:test";
import { polling } from "./clock.mjs";
import "./english.mjs";
import { Notices } from "../../web/lib/notices.js";
import { Refused } from "../../web/lib/requests.js";
import { aroundName } from "../../web/lib/middle_cut.js";
import { folderOf, resultsIn } from "../../web/lib/result_folder.js";

const STATE = {
  directory: "d",
  batch: 1,
  complete: true,
  done: 1,
  finishing: 1,
  failed: 0,
  pending: 0,
  seconds: 1,
  failures: [],
  made_of_all: [],
};
const SETTLED = { ...STATE, finishing: 0 };
const BEGUN_AGAIN = { ...STATE, batch: 2, complete: false, done: 0, finishing: 0, pending: 1 };

function setUp(states = [SETTLED], resultsOf = async () => "") {
  const shown = [];
  const hidden = [];
  const offers = [];
  const details = [];
  const toasts = {
    show: (key, toast) => details.push(toast.detail) && shown.push([key, toast.summary]),
    showUntilSeen: (key, toast) => shown.push([key, toast.summary]),
    hide: (key) => hidden.push(key),
  };
  const ends = {
    open: new Set(),
    show: (key, toast, offer) => {
      ends.open.add(key);
      shown.push([key, toast.summary]);
      details.push(toast.detail);
      offers.push(offer);
    },
    showWith: (key, toast, buttons) => {
      shown.push([key, toast.summary]);
      details.push(toast.detail);
      assert.deepEqual(buttons, []);
    },
    shows: (key) => ends.open.has(key),
    hide: (key) => {
      ends.open.delete(key);
      hidden.push(key);
    },
  };
  const called = [];
  const signals = { ended: (loop) => called.push(loop) };
  const asked = [];
  const server = {
    loopsOf: async ([id]) => {
      asked.push(id);
      return [{ id, ...(await (states.length > 1 ? states.shift() : states[0])) }];
    },
  };
  const submissions = { count: 1 };
  const { clock, poller } = polling(server);
  const runControl = {
    running: [],
    goesOn: (loop) => runControl.running.includes(loop),
    isKnown: true,
    async resume(loop) {
      called.push(`${loop} continued`);
      return runControl.isKnown;
    },
  };
  const startOver = (loop, { directory }) => called.push(`${loop} in ${directory} started over`);
  const linksTo = (made) => made.map(({ path }) => path);
  const given = { poller, toasts, ends, signals, submissions, runControl, startOver, resultsOf, linksTo };
  const notices = new Notices(given);
  const stopped = async (run, how) => {
    const told = notices.stopped(run, how);
    await clock.pass(20_000);
    await told;
  };
  return { notices, stopped, called, ends, shown, hidden, asked, details, offers, runControl, submissions };
}

function run({ loop = "l", complete = true, finished_by = null, changedFilms = new Set() } = {}) {
  const said = { loop, directory: "d", complete, filename: "a.png", finished_by };
  return {
    loops: [loop],
    iterations: new Map([[loop, said]]),
    progress: new Map([[loop, { complete: true }]]),
    handedOut: complete ? [] : [said],
    changedFilms,
  };
}

test("the end of a batch of this tab is reported once its last image has ended", async () => {
  const { notices, stopped, called, shown, asked } = setUp([STATE, SETTLED]);
  const last = run({ complete: false });
  notices.processed(last.handedOut);
  await stopped(last);
  assert.deepEqual(asked, ["l", "l"]);
  assert.deepEqual(shown, [["l", "Batch complete: 1 done, 0 failed, 1 s"]]);
  assert.deepEqual(called, ["l"]);
});

test("the end, and that there is nothing to do, say that the film was changed after its results", async () => {
  const changedFilms = new Set(["l"]);
  const { notices, stopped, details, submissions } = setUp([SETTLED]);
  const last = run({ complete: false, changedFilms });
  notices.processed(last.handedOut);
  await stopped(last);
  submissions.count += 1;
  await stopped(run({ changedFilms }));
  assert.equal(details.length, 2);
  for (const detail of details) assert.match(detail, /The video was changed after results were made of it\./);
});

test("the end says where the results are, if that can be known", async () => {
  for (const [resultsOf, detail, copies] of [
    [async () => ({ folder: "/out/batch_loop", isOneOfSeveral: false }), "d\nResults: /out/batch_loop", "/out/batch_loop"],
    [async () => Promise.reject(new Error("gone")), "d", ""],
  ]) {
    const made_of_all = [{ node_id: "7", path: "/out/film.mp4", view: null, more: 0 }];
    const { notices, stopped, details, offers } = setUp([{ ...SETTLED, made_of_all }], resultsOf);
    const last = run({ complete: false });
    notices.processed(last.handedOut);
    await stopped(last);
    assert.deepEqual([details, offers], [[detail], [{ copies, shows: ["/out/film.mp4"] }]]);
  }
});

/** Where results are; each is given by its image and its files. */
const found = (...items) => folderOf(items.map(([path, ...outputs]) => ({ path, outputs })));
const is = (folder) => ({ folder, isOneOfSeveral: false });
const among = (folder) => ({ folder, isOneOfSeveral: true });

test("the folder of the results is one that has results", () => {
  assert.deepEqual(found(["1.png", "/out/a/1.png"], ["2.png", "/out/a/2.png"]), is("/out/a"));
  assert.deepEqual(found(["1.png", "/out/a/1.png", "/out/1.png"]), is("/out"));
  assert.deepEqual(found(["1.png", "/out/a/1.png", "/out/ab/1.png"]), among("/out/a"));
  assert.deepEqual(found(["1.png", "C:\\out\\x\\1.png", "C:\\out\\1.png"]), is("C:\\out"));
  assert.deepEqual(found(["1.png", "C:\\1.png", "D:\\1.png"]), among("C:\\"));
  assert.deepEqual(found(["1.png", "/1.png", "/out/1.png"]), is("/"));
  assert.deepEqual(found(["1.png"]), is(""));
  assert.deepEqual(found(), is(""));
});

test("with subfolders of the source, it is the folder that has the same ones", () => {
  assert.deepEqual(found(["a/1.png", "/out/web/a/1.jpg"], ["b/2.png", "/out/web/b/2.jpg"]), is("/out/web"));
  assert.deepEqual(found(["a/1.png", "/out/web/a/1.jpg"], ["a/2.png", "/out/web/a/2.jpg"]), is("/out/web/a"));
  assert.deepEqual(found(["a/1.png", "D:\\web\\a\\1.jpg"], ["2.png", "D:\\web\\2.jpg"]), is("D:\\web"));
  assert.deepEqual(found(["a/1.png", "/web/a/1.jpg", "/large/a/1.jpg"]), among("/web"));
});

test("beside pictures, texts do not say where the results are", () => {
  assert.deepEqual(found(["1.png", "/in/1.txt", "/out/web/1.png"]), is("/out/web"));
  assert.deepEqual(found(["1.png", "/in/1.txt"]), is("/in"));
});

test("a path's last name is what stays whole of a text with it", () => {
  const parts = ["Results: ", "/out/", "my web", " and other folders"];
  assert.deepEqual(aroundName(parts.join(""), "/out/my web"), parts);
  assert.deepEqual(aroundName("C:\\out", "C:\\out"), ["", "C:\\", "out", ""]);
  assert.deepEqual(aroundName("Results: /", "/"), ["Results: ", "", "/", ""]);
});

test("a folder with results is not named as if it were the only one", () => {
  assert.equal(resultsIn(is("/out/web")), "Results: /out/web");
  assert.equal(resultsIn(among("/out/web")), "Results: /out/web and other folders");
  assert.equal(resultsIn(is("")), "");
});

test("a batch that was restarted is reported with its last figures, or not at all", async () => {
  for (const [states, count] of [
    [[STATE, BEGUN_AGAIN], 1],
    [[BEGUN_AGAIN], 0],
  ]) {
    const { notices, stopped, shown } = setUp(states);
    const last = run({ complete: false });
    notices.processed(last.handedOut);
    await stopped(last);
    assert.equal(shown.length, count);
    for (const [, summary] of shown) assert.match(summary, /^Batch complete: 1 done/);
  }
});

test("a prompt that was already sent and finds nothing to do is not reported", async () => {
  const { notices, stopped, called, shown, submissions } = setUp();
  const last = run({ complete: false });
  notices.processed(last.handedOut);
  await stopped(last);
  await stopped(run());
  assert.equal(shown.length, 1);
  submissions.count += 1;
  await stopped(run());
  assert.deepEqual(shown[1], ["l", "Nothing to do"]);
  await stopped(run());
  assert.equal(shown.length, 2, "once for each time that somebody pressed Run");
  assert.deepEqual(called, ["l"], "that there is nothing to do calls nobody");
});

test("a batch that something else has finished says what, and offers to start over", async () => {
  const by = { sender: "command", at: 0, own: false, here: true };
  const { stopped, called, shown, offers } = setUp();
  await stopped(run({ finished_by: by }));
  assert.deepEqual(shown, [["l", "Nothing to do"]]);
  assert.equal(offers[0].label, "Start over");
  offers[0].act();
  assert.deepEqual(called, ["l in d started over"]);
  // This page has finished it itself.
  const own = setUp();
  await own.stopped(run({ finished_by: { ...by, own: true } }));
  assert.deepEqual([own.shown, own.offers], [[["l", "Nothing to do"]], []]);
});

test("a prompt that only tried images that cannot be read has ended its batch", async () => {
  const { stopped, called, shown } = setUp();
  const tried = run();
  tried.iterations.get("l").unreadable = 1;
  await stopped(tried);
  assert.deepEqual(shown, [["l", "Batch complete: 1 done, 0 failed, 1 s"]]);
  assert.deepEqual(called, ["l"]);
});

test("an End Queue without one of the pack's loops shows nothing", async () => {
  const { stopped, shown } = setUp();
  await stopped({ loops: [], iterations: new Map(), handedOut: [] });
  assert.deepEqual(shown, []);
});

test("earlier messages disappear when the next image is finished", () => {
  const { notices, hidden } = setUp();
  notices.processed(run({ complete: false }).handedOut);
  assert.deepEqual(hidden, ["l", "l"], "the toast and the notice");
});

test("if the server cannot be asked, that is logged and nothing is shown", async (t) => {
  const warned = t.mock.method(console, "warn", () => {});
  const { notices, stopped, shown } = setUp([Promise.reject(new Error("gone"))]);
  const last = run({ complete: false });
  notices.processed(last.handedOut);
  await stopped(last);
  assert.match(warned.mock.calls[0].arguments[0], /gone/);
  assert.deepEqual(shown, []);
});

test("after Cancel, Continue is offered until the batch goes on by itself", async () => {
  const { notices, called, offers, runControl, shown } = setUp();
  const [said] = run({ complete: false }).handedOut;
  notices.paused([said]);
  notices.processed([said]); // a plain Run
  assert.deepEqual(shown, [["l", "Batch paused"], ["l", "Batch paused"]]);
  offers[1].act();
  assert.deepEqual(called, ["l continued"]);
  runControl.running = ["l"];
  notices.processed([said]);
  runControl.running = [];
  notices.processed([said]);
  assert.equal(shown.length, 2);
});

test("that a batch is paused is told no more once somebody has closed that, as each plain Run would", () => {
  const { ends, notices, shown } = setUp();
  const [said] = run({ complete: false }).handedOut;
  notices.paused([said]);
  ends.hide("l");
  notices.processed([said]);
  assert.deepEqual(shown, [["l", "Batch paused"]]);
  notices.paused([said]);
  assert.equal(shown.length, 2);
});

test("a batch that goes on is not called paused, even before its first image has ended", () => {
  const { ends, notices, runControl } = setUp();
  notices.paused(run({ complete: false }).handedOut);
  notices.modeChanged();
  assert.equal(ends.shows("l"), true);
  runControl.running = ["l"];
  notices.modeChanged();
  assert.equal(ends.shows("l"), false);
});

test("Cancel offers Continue at once, and says that the batch is paused only once its image has ended", () => {
  const { notices, offers, shown } = setUp();
  const [said] = run({ complete: false }).handedOut;
  notices.pausedBetween([said], { isRunning: true });
  notices.paused([said]);
  assert.deepEqual(shown, [["l", "Cancelling…"], ["l", "Batch paused"]]);
  assert.deepEqual(offers.map(({ label }) => label), ["Continue", "Continue"]);
});

test("Continue stays, and says what to do, where the workflow is not known any more", async () => {
  const { notices, offers, runControl, shown } = setUp();
  notices.paused(run({ complete: false }).handedOut);
  runControl.isKnown = false;
  await offers[0].act();
  const told = ["l", "Open the workflow of this batch, with its folder, first."];
  assert.deepEqual(shown, [["l", "Batch paused"], ["l", "Batch paused"], told]);
  assert.equal(offers[1].label, "Continue");
});

test("that another batch goes on does not keep a paused one from being told of", () => {
  const { notices, runControl, shown } = setUp();
  runControl.running = ["another"];
  notices.paused(run({ complete: false }).handedOut);
  assert.deepEqual(shown, [["l", "Batch paused"]]);
});

test("a batch that is watched is not called complete", async () => {
  const { notices, shown, stopped } = setUp();
  const last = run({ complete: false });
  notices.processed(last.handedOut);
  await stopped(last, { watches: true });
  assert.deepEqual(shown, [["l", "So far: 1 done, 0 failed, 1 s"]]);
});

test("a batch that the server does not know any more is told of", () => {
  const { details, notices, shown } = setUp();
  notices.unknown(["l", "m"]);
  notices.unknown(["l"], new Refused("There is no such route.", 404));
  const told = ["l", "ComfyUI no longer knows this batch"];
  assert.deepEqual(shown, [told, told]);
  assert.match(details[0], /^It was started again/);
  assert.match(details[1], /^There is no such route\.\n/);
});

test("a batch that the server will not speak of, or that a fault stops, is not said to be unknown", () => {
  for (const error of [new Refused("Forbidden", 403), new TypeError("a fault")]) {
    const { details, notices, shown } = setUp();
    notices.unknown(["l"], error);
    assert.deepEqual(shown, [["l", "The batch could not go on"]]);
    const [reason, how] = details[0].split("\n");
    assert.equal(reason, error.message);
    assert.match(how, /Press Continue to go on with what is left\.$/);
  }
});
