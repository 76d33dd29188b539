/**
 * The web extension of Batch Loop, which acts on the nodes' `ui` results in the browser.
 *
 * ComfyUI reports each node's `ui` result in its `executed` event. This file listens and passes the
 * results to small modules. It patches nothing, and acts only on prompts in which a node of this
 * pack reported.
 */
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";
import { AutoQueue } from "./lib/auto_queue.js";
import { Actions } from "./lib/card/actions.js";
import { Cards } from "./lib/card/cards.js";
import { CollapsedNodes } from "./lib/card/collapsed.js";
import { FolderChooser } from "./lib/card/folder_chooser.js";
import { Changes } from "./lib/changes.js";
import { Conductor } from "./lib/conductor.js";
import { onCancel } from "./lib/interrupt_button.js";
import { LeftOut } from "./lib/left_out.js";
import { NodeTexts } from "./lib/node_texts.js";
import { NoticeBox } from "./lib/notice_box.js";
import { Notices } from "./lib/notices.js";
import { PageTitle } from "./lib/page_title.js";
import { Panel } from "./lib/panel/panel.js";
import { Poller } from "./lib/poller.js";
import { Refusals } from "./lib/refusals.js";
import { Screen } from "./lib/screen.js";
import { LoopServer } from "./lib/server.js";
import { NOTIFICATION, SOUND, Settings, settingsThatCall } from "./lib/settings.js";
import { Signals } from "./lib/sounds_and_notifications.js";
import { addStyles } from "./lib/styles.js";
import { Submissions } from "./lib/submissions.js";
import { load } from "./lib/texts.js";
import { Toasts } from "./lib/toasts.js";
import { Watch } from "./lib/watch.js";

/** @import { Executed } from "../types/nodes.d.ts" */

const ITERATOR = "BatchLoopDirectoryIterator";

const server = new LoopServer(api);
const poller = new Poller({ server });
const settings = new Settings(app);
const nodeTexts = new NodeTexts();
const toasts = new Toasts(app);
const submissions = new Submissions();
const screen = new Screen(app);
const autoQueue = new AutoQueue(app);
const changes = new Changes({ server, toasts });
const panel = new Panel({ app, server, poller, changes, changed: () => cards.lookAgain() });
const openReport = (/** @type {string} */ loop) => panel.open(loop);
const actions = new Actions({
  changes,
  toasts,
  screen,
  chooser: new FolderChooser({ app, server }),
  openReport,
  stopWatching: () => watch.end(),
});
const cards = new Cards({
  app,
  server,
  poller,
  screen,
  actions,
  collapsed: new CollapsedNodes(),
});
const watch = new Watch({ poller, autoQueue, toasts, screen, button: cards });
const ends = new NoticeBox(openReport);
const signals = new Signals({ settings, toasts, openReport });
const refusals = new Refusals({ app });
const leftOut = new LeftOut({ app, autoQueue, screen, toasts });
const conductor = new Conductor({
  autoQueue,
  submissions,
  watch,
  title: new PageTitle({ settings }),
  notices: new Notices({ poller, toasts, ends, signals, submissions }),
});

/** @param {CustomEvent<Executed>} event */
function onExecuted({ detail }) {
  for (const said of detail.output?.batch_loop ?? []) {
    const id = detail.display_node ?? detail.node;
    conductor.heard(detail.prompt_id, said);
    if (said.kind === "iteration") screen.note(id, said.loop);
    if (said.kind !== "end_queue") cards.heard(id, said);
    poller.news();
  }
}

/** @param {CustomEvent<{ exec_info?: { queue_remaining?: number } } | null>} event */
function onStatus({ detail }) {
  const remaining = detail?.exec_info?.queue_remaining;
  conductor.queueIs(remaining);
  poller.queueIs(remaining);
}

function onSending() {
  leftOut.sending();
  conductor.sending();
  refusals.sending(onRefused);
}

function onAccepted() {
  refusals.accepted();
  leftOut.accepted();
}

function onRefused() {
  conductor.refused();
  cards.lookAgain();
}

function onSent() {
  refusals.sent();
  conductor.sent();
}

/**
 * @param {"execution_success" | "execution_error" | "execution_interrupted"} event
 * @param {(promptId: string, nodeType: string) => void} ended
 */
function listen(event, ended) {
  api.addEventListener(event, ({ detail }) => {
    ended(detail.prompt_id, detail.node_type);
    poller.news();
  });
}

app.registerExtension({
  name: "BatchLoop",
  settings: settingsThatCall({
    [NOTIFICATION]: () => signals.allow(),
    [SOUND]: () => signals.play(),
  }),

  /** Runs before any node is created, so that nodes appear in the user's language at once. */
  async init() {
    addStyles();
    ends.addTo(document.body);
    nodeTexts.use(await load(api, settings.language));
  },

  addCustomNodeDefs(definitions) {
    nodeTexts.define(definitions);
  },

  setup() {
    app.extensionManager.registerSidebarTab(panel.tab);
    api.addEventListener("executed", onExecuted);
    listen("execution_success", (promptId) => conductor.succeeded(promptId));
    listen("execution_error", (promptId, nodeType) => conductor.failed(promptId, nodeType));
    listen("execution_interrupted", (promptId) => conductor.interrupted(promptId));
    api.addEventListener("status", onStatus);
    onCancel(() => conductor.cancelled());
    api.addEventListener("promptQueued", onSent);
    window.addEventListener("focus", () => cards.lookAgain());
    document.addEventListener("visibilitychange", () => cards.lookAgain());
  },

  nodeCreated(node) {
    nodeTexts.label(node);
    const card = cards.add(node);
    if (!card || node.comfyClass !== ITERATOR) return;
    // ComfyUI calls these on every widget before it sends a prompt, and once it has accepted it: the
    // only official signs of this in all frontends.
    card.beforeQueued = onSending;
    card.afterQueued = onAccepted;
  },
});
