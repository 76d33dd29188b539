import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import "./english.mjs";
import { SETTINGS, SOUND, Settings, settingsThatCall } from "../../web/lib/settings.js";
import { Signals } from "../../web/lib/sounds_and_notifications.js";

const TEXTS = new URL("../../locales/en/settings.json", import.meta.url);
const MESSAGE = { severity: "success", summary: "Batch complete", detail: "/in" };

function setUp({ sound = false, tone = async () => {} } = {}) {
  let played = 0;
  const settings = { sound, notification: false };
  const count = () => {
    played += 1;
    return tone();
  };
  const signals = new Signals({ settings, toasts: {}, openReport() {}, tone: count });
  return { signals, played: () => played };
}

test("a sound is played if the setting says so", () => {
  for (const sound of [true, false]) {
    const { signals, played } = setUp({ sound });
    signals.ended("l", MESSAGE);
    assert.equal(played(), Number(sound));
  }
});

test("a browser that plays no sound is logged", async (t) => {
  const warned = t.mock.method(console, "warn", () => {});
  const tone = () => Promise.reject(new Error("no device"));
  setUp({ tone }).signals.play();
  await new Promise(setImmediate);
  assert.match(warned.mock.calls[0].arguments[0], /no device/);
});

test("only switching a setting on calls its function", () => {
  let called = 0;
  const settings = settingsThatCall({ [SOUND]: () => (called += 1) });
  const { onChange } = settings.find(({ id }) => id === SOUND);
  onChange(true, undefined); // the call when the page loads
  onChange(false, true);
  assert.equal(called, 0);
  onChange(true, false);
  assert.equal(called, 1);
  assert.deepEqual(settings.filter((setting) => setting.onChange).map(({ id }) => id), [SOUND]);
});

test("each setting has a property, and is off if it is unknown", () => {
  const values = Object.fromEntries(SETTINGS.map(({ id, defaultValue }) => [id, defaultValue]));
  const setting = { get: (id) => values[id], set: (id, value) => (values[id] = value) };
  const settings = new Settings({ extensionManager: { setting } });
  assert.deepEqual(
    [settings.notification, settings.sound, settings.progressInTitle, settings.language],
    [false, false, true, "en"],
  );
  values[SOUND] = true;
  assert.equal(settings.sound, true);
  settings.switchOff(SOUND);
  assert.equal(settings.sound, false);
  assert.equal(new Settings({}).progressInTitle, false);
});

test("the settings have the same names in the files of texts as in the code", () => {
  const written = JSON.parse(readFileSync(TEXTS, "utf8"));
  const here = SETTINGS.map(({ id, name, tooltip }) => [id.replaceAll(".", "_"), { name, tooltip }]);
  const there = Object.entries(written).map(([id, { name, tooltip }]) => [id, { name, tooltip }]);
  assert.deepEqual(Object.fromEntries(there), Object.fromEntries(here));
});
