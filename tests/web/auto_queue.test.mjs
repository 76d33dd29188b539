import assert from "node:assert/strict";
import test from "node:test";
import { AutoQueue } from "../../web/lib/auto_queue.js";

function appWith(settings, ui = {}) {
  const queued = [];
  return {
    queued,
    ui,
    extensionManager: { queueSettings: settings },
    queuePrompt: (...args) => queued.push(args),
  };
}

for (const [mode, off] of [
  ["instant-running", "instant-idle"],
  ["instant", "disabled"],
  ["change", "disabled"],
]) {
  test(`${mode} is on, and is switched to ${off}`, () => {
    const settings = { mode, batchCount: 1 };
    const app = appWith(settings);
    const autoQueue = new AutoQueue(app);
    assert.equal(autoQueue.on, true);
    const switchedOff = autoQueue.switchOff();
    assert.deepEqual(switchedOff, { name: mode, isOurs: false });
    assert.equal(settings.mode, off);
    assert.equal(autoQueue.on, false);
    autoQueue.goOn(switchedOff, 3);
    assert.equal(settings.mode, mode);
    assert.deepEqual(app.queued, [[0, mode === "change" ? 3 : 1]]);
  });
}

for (const mode of ["disabled", "instant-idle", "a mode of the future"]) {
  test(`${mode} is off, and is left alone`, () => {
    const settings = { mode };
    const autoQueue = new AutoQueue(appWith(settings));
    assert.equal(autoQueue.on, false);
    assert.equal(autoQueue.switchOff(), null);
    assert.equal(settings.mode, mode);
  });
}

test("a frontend that does not tell whether it sends may be sending", () => {
  const isSending = (processingQueue) => new AutoQueue({ processingQueue }, () => null).isSending;
  assert.deepEqual([true, false, undefined].map(isSending), [true, false, true]);
});

test("only the running form of Run (Instant) is shown as stopped", () => {
  for (const [mode, shown] of [
    ["instant-running", "instant-idle"],
    ["instant", "instant"],
    ["change", "change"],
  ]) {
    const settings = { mode };
    new AutoQueue(appWith(settings)).showStopped();
    assert.equal(settings.mode, shown);
  }
});

test("the old menu's checkbox is the last resort", (t) => {
  const box = { checked: true };
  globalThis.document = { getElementById: (id) => (id === "autoQueueCheckbox" ? box : null) };
  t.after(() => delete globalThis.document);
  const app = appWith(undefined, { autoQueueEnabled: true, batchCount: 4 });
  const autoQueue = new AutoQueue(app);
  assert.equal(autoQueue.on, true);
  autoQueue.queueAgain();
  assert.deepEqual(app.queued, [[0, 4]]);
  const mode = autoQueue.switchOff();
  assert.equal(app.ui.autoQueueEnabled, false);
  assert.equal(box.checked, false);
  autoQueue.goOn(mode, 9);
  assert.equal(app.ui.autoQueueEnabled, true);
  assert.equal(box.checked, true);
  assert.deepEqual(app.queued[1], [0, 4]);
});

test("queueing again queues as many prompts as Auto Queue would", () => {
  const app = appWith({ mode: "instant", batchCount: 3 });
  new AutoQueue(app).queueAgain();
  assert.deepEqual(app.queued, [[0, 3]]);
});

test("the error that holds Auto Queue back is identified by its prompt", () => {
  const app = appWith({ mode: "instant" });
  const autoQueue = new AutoQueue(app);
  assert.equal(autoQueue.heldBackBy, undefined);
  app.lastExecutionError = { prompt_id: "p" };
  assert.equal(autoQueue.heldBackBy, "p");
});

/** A page in which these elements are found. */
function page({ menu = false, oldMenu = false } = {}) {
  const button = { getClientRects: () => (oldMenu ? [{}] : []) };
  return () => ({
    querySelector: () => (menu ? {} : null),
    getElementById: (id) => (id === "queue-button" ? button : null),
  });
}

for (const [from, menu, to] of [
  ["disabled", false, "instant"],
  ["disabled", true, "instant-running"],
  ["change", true, "instant-running"],
  ["instant-idle", false, "instant-running"],
]) {
  test(`the whole batch runs from ${from} by ${to}, and once`, () => {
    const settings = { mode: from, batchCount: 1 };
    const app = appWith(settings);
    const autoQueue = new AutoQueue(app, page({ menu }));
    autoQueue.start();
    autoQueue.start();
    assert.deepEqual([settings.mode, app.queued], [to, [[0, 1]]]);
    assert.equal(autoQueue.runsAll, true);
  });
}

for (const [chosen, left] of [
  ["disabled", "disabled"],
  ["instant-idle", "instant-idle"],
]) {
  test(`off leads back to ${left} if the batch was run from there by this page`, () => {
    const settings = { mode: chosen, batchCount: 1 };
    const autoQueue = new AutoQueue(appWith(settings), page({ menu: true }));
    for (const off of [() => autoQueue.switchOff(), () => autoQueue.showStopped()]) {
      autoQueue.start();
      assert.equal(settings.mode, "instant-running");
      off();
      assert.equal(settings.mode, left);
    }
    // A person's own choice after that stays.
    settings.mode = "instant-running";
    autoQueue.switchOff();
    assert.equal(settings.mode, "instant-idle");
  });
}

test("after an error, Run is one run again in older frontends, where this page chose otherwise", () => {
  const settings = { mode: "disabled", batchCount: 1 };
  const autoQueue = new AutoQueue(appWith(settings), page());
  autoQueue.start();
  autoQueue.showStopped();
  assert.equal(settings.mode, "disabled");
  settings.mode = "instant"; // a person's own choice
  autoQueue.start();
  autoQueue.showStopped();
  assert.equal(settings.mode, "instant");
});

test("after an error, the old menu's checkbox is as it was before this page ran the batch", () => {
  const app = appWith({ mode: "disabled", batchCount: 1 }, { batchCount: 1 });
  const autoQueue = new AutoQueue(app, page({ oldMenu: true }));
  autoQueue.start();
  autoQueue.showStopped();
  assert.equal(app.ui.autoQueueEnabled, false);
  app.ui.autoQueueEnabled = true; // a person's own choice
  autoQueue.start();
  autoQueue.showStopped();
  assert.equal(app.ui.autoQueueEnabled, true);
});

test("who has chosen Run (Instant) is still known after it was off for a while", () => {
  const settings = { mode: "disabled", batchCount: 1 };
  const autoQueue = new AutoQueue(appWith(settings), page());
  const after = () => {
    autoQueue.switchOn(autoQueue.switchOff());
    autoQueue.showStopped();
    return settings.mode;
  };
  autoQueue.start();
  assert.equal(after(), "disabled");
  settings.mode = "instant"; // a person's own choice
  assert.equal(after(), "instant");
  const app = appWith({ mode: "disabled", batchCount: 1 }, { batchCount: 1 });
  const old = new AutoQueue(app, page({ oldMenu: true }));
  old.start();
  old.switchOn(old.switchOff());
  old.showStopped();
  assert.equal(app.ui.autoQueueEnabled, false);
});

/** What is left of a mode that was switched off and on, by its end or by an error. */
const ENDS = [(autoQueue) => autoQueue.switchOff(), (autoQueue) => autoQueue.showStopped()];

for (const menu of [false, true]) {
  test(`who has chosen ${menu ? "the newer" : "the older"} mode goes with it, whatever was switched off meanwhile`, () => {
    for (const end of ENDS) {
      const settings = { mode: "disabled", batchCount: 1 };
      const autoQueue = new AutoQueue(appWith(settings), page({ menu }));
      autoQueue.start();
      const mode = autoQueue.switchOff();
      autoQueue.switchOff();
      settings.mode = menu ? "instant-running" : "instant"; // a person's own, for another workflow
      const own = autoQueue.switchToPlain();
      assert.deepEqual([mode.isOurs, own.isOurs], [true, false]);
      autoQueue.switchOn(mode);
      end(autoQueue);
      assert.equal(settings.mode, "disabled");
      autoQueue.switchOn(own);
      autoQueue.showStopped();
      assert.equal(settings.mode, menu ? "instant-idle" : "instant");
    }
  });

  test(`what a person has chosen while the ${menu ? "newer" : "older"} mode was off is not the page's`, () => {
    const settings = { mode: "disabled", batchCount: 1 };
    const autoQueue = new AutoQueue(appWith(settings), page({ menu }));
    autoQueue.start();
    const mode = autoQueue.switchOff();
    settings.mode = menu ? "instant-idle" : "instant";
    autoQueue.switchOn(mode);
    autoQueue.showStopped();
    assert.equal(settings.mode, menu ? "instant-idle" : "instant");
  });
}

test("who has checked the old menu's checkbox is known in the same way", () => {
  for (const [wasChecked, isChecked, left] of [
    [false, false, false],
    [false, true, true],
    [true, false, true],
  ]) {
    const app = appWith({ mode: "disabled", batchCount: 1 }, { batchCount: 1 });
    app.ui.autoQueueEnabled = wasChecked;
    const autoQueue = new AutoQueue(app, page({ oldMenu: true }));
    autoQueue.start(false);
    const mode = autoQueue.switchOff();
    autoQueue.switchOff();
    app.ui.autoQueueEnabled = isChecked; // by a person, while it was off
    autoQueue.switchOn(mode);
    assert.equal(app.ui.autoQueueEnabled, true);
    autoQueue.showStopped();
    assert.equal(app.ui.autoQueueEnabled, left);
  }
});

test("the mode in which a batch would be run is told without choosing it", () => {
  for (const [from, parts, mode] of [
    ["disabled", { menu: true }, { name: "instant-running", isOurs: true }],
    ["instant-idle", { menu: true }, { name: "instant-running", isOurs: false }],
    ["instant", {}, { name: "instant", isOurs: false }],
    ["disabled", { oldMenu: true }, { name: "checkbox", isOurs: true }],
  ]) {
    const settings = { mode: from, batchCount: 1 };
    const app = appWith(settings, { batchCount: 1 });
    const autoQueue = new AutoQueue(app, page(parts));
    assert.deepEqual(autoQueue.toStart, mode);
    assert.deepEqual([settings.mode, app.ui.autoQueueEnabled], [from, undefined]);
    autoQueue.switchOn(autoQueue.toStart);
    assert.deepEqual(autoQueue.switchOff(), mode);
  }
});

for (const [menu, chosen, left] of [
  [false, ["disabled", "instant"], "instant"],
  [true, ["instant-idle", "disabled", "instant-idle", "instant-running"], "instant-idle"],
]) {
  for (const end of ["showStopped", "switchOff"]) {
    test(`${chosen.at(-1)} that a person has chosen anew stays chosen after ${end}`, () => {
      const changes = [];
      const settings = { mode: "disabled", batchCount: 1, $subscribe: (changed) => changes.push(changed) };
      const autoQueue = new AutoQueue(appWith(settings), page({ menu }));
      let told = 0;
      autoQueue.onChange(() => (told += 1));
      const change = () => changes.forEach((changed) => changed());
      autoQueue.start();
      change(); // by this page
      settings.batchCount = 2;
      change(); // of something else
      autoQueue[end]();
      change();
      assert.equal(settings.mode, "disabled");
      autoQueue.start();
      change();
      for (const mode of chosen) {
        settings.mode = mode;
        change();
      }
      const mode = autoQueue.switchOff();
      assert.equal(settings.mode, menu ? "instant-idle" : "disabled");
      autoQueue.switchOn(mode);
      change();
      autoQueue[end]();
      assert.equal(settings.mode, end === "switchOff" && !menu ? "disabled" : left);
      assert.equal(told, 5 + chosen.length);
    });
  }
}

test("once seen, the newer form of Run (Instant) is known even while its menu is hidden", () => {
  const settings = { mode: "instant-idle", batchCount: 1 };
  const autoQueue = new AutoQueue(appWith(settings), page());
  autoQueue.start();
  settings.mode = "disabled";
  autoQueue.start();
  assert.equal(settings.mode, "instant-running");
});

test("in the old menu, the whole batch runs by its checkbox", () => {
  const app = appWith({ mode: "disabled", batchCount: 1 }, { batchCount: 1 });
  new AutoQueue(app, page({ oldMenu: true })).start();
  assert.equal(app.ui.autoQueueEnabled, true);
  assert.equal(app.queued.length, 1);
});

for (const [mode, isPressed] of [
  ["instant", false],
  ["instant-idle", false],
  ["instant-running", true],
]) {
  test(`as far as ${mode} tells, Run (Instant) ${isPressed ? "is pressed" : "is chosen at most"}`, () => {
    const app = appWith({ mode, batchCount: 1 });
    const autoQueue = new AutoQueue(app, page());
    assert.equal(autoQueue.isPressed, isPressed);
    autoQueue.start(autoQueue.isPressed);
    assert.equal(app.queued.length, isPressed ? 0 : 1);
  });
}

test("the old menu's checkbox does not tell whether Run was pressed", () => {
  const app = appWith({ mode: "disabled", batchCount: 1 }, { autoQueueEnabled: true, batchCount: 1 });
  const autoQueue = new AutoQueue(app, page({ oldMenu: true }));
  assert.deepEqual([autoQueue.runsAll, autoQueue.isPressed], [true, false]);
  autoQueue.start(autoQueue.isPressed);
  assert.equal(app.queued.length, 1);
  autoQueue.showStopped();
  assert.equal(app.ui.autoQueueEnabled, true);
});

test("Run (On Change) does not run the whole batch", () => {
  const autoQueue = new AutoQueue(appWith({ mode: "change" }));
  assert.deepEqual([autoQueue.runsAll, autoQueue.isOnChange], [false, true]);
});
