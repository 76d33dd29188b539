/**
 * The web extension of Batch Loop, which acts on the nodes' `ui` results in the browser.
 *
 * ComfyUI reports each node's `ui` result in its `executed` event. This file listens and passes the
 * results to small modules. It acts only on prompts in which a node of this pack reported.
 *
 * No class, prototype or function of ComfyUI is replaced. It sets callbacks that ComfyUI offers,
 * and properties, on the pack's own nodes, widgets and definitions, adds to LiteGraph's tables of
 * nodes to offer, and sets one callback on each Load Image where extensions are not asked for
 * menus: see "What is set on ComfyUI's objects" in docs/design.md.
 */
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";
import { AutoQueue } from "./lib/auto_queue.js";
import { Actions } from "./lib/card/actions.js";
import { Cards } from "./lib/card/cards.js";
import { CollapsedNodes } from "./lib/card/collapsed.js";
import { FolderChooser } from "./lib/card/folder_chooser.js";
import { nameWorkflowsBy, skipsFinished } from "./lib/card/folder_settings.js";
import { ItemChooser } from "./lib/card/item_chooser.js";
import { Changes } from "./lib/changes.js";
import { Conductor } from "./lib/conductor.js";
import { Entries } from "./lib/convert/entries.js";
import { MakeBatch } from "./lib/convert/make_batch.js";
import { Cover, askWhich } from "./lib/convert/windows.js";
import { EarlierPrompts } from "./lib/earlier_prompts.js";
import { Endings } from "./lib/endings.js";
import { Awake } from "./lib/gate/awake.js";
import { AwayNotice } from "./lib/gate/away_notice.js";
import { Claims } from "./lib/gate/claims.js";
import { Gate } from "./lib/gate/gate.js";
import { keepingState } from "./lib/gate/kept_state.js";
import { Leaving } from "./lib/gate/leaving.js";
import { OnScreen } from "./lib/gate/on_screen.js";
import { Sender } from "./lib/gate/sender.js";
import { InProgress } from "./lib/in_progress.js";
import { onCancel } from "./lib/interrupt_button.js";
import { isIterator } from "./lib/iterators.js";
import { LeftOut } from "./lib/left_out.js";
import { Columns } from "./lib/node/columns.js";
import { VariantNames } from "./lib/node/variant_names.js";
import { foldSettings } from "./lib/node/more_settings.js";
import { labelOptions } from "./lib/node/option_labels.js";
import { saveHeightOfItsOwn } from "./lib/node/saved_height.js";
import { SearchNames } from "./lib/node/search_names.js";
import { offerNodes } from "./lib/node/suggestions.js";
import { NodeTexts } from "./lib/node_texts.js";
import { MadeOfAllLinks } from "./lib/made_of_all.js";
import { NoticeBox } from "./lib/notice_box.js";
import { Notices } from "./lib/notices.js";
import { PageTitle } from "./lib/page_title.js";
import { Panel } from "./lib/panel/panel.js";
import { Poller } from "./lib/poller.js";
import { ask } from "./lib/question.js";
import { Reasons } from "./lib/reasons.js";
import { Refusals } from "./lib/refusals.js";
import { resultFolder } from "./lib/result_folder.js";
import { RunControl } from "./lib/run_control.js";
import { Screen } from "./lib/screen.js";
import { LoopServer } from "./lib/server.js";
import { NOTIFICATION, SOUND, Settings, settingsThatCall } from "./lib/settings.js";
import { Signals } from "./lib/sounds_and_notifications.js";
import { addStyles } from "./lib/styles.js";
import { Submissions } from "./lib/submissions.js";
import { TakeBack } from "./lib/take_back.js";
import { inOwnLanguage } from "./lib/templates.js";
import { load } from "./lib/texts.js";
import { Toasts } from "./lib/toasts.js";
import { Trial } from "./lib/trial.js";
import { Watch } from "./lib/watch.js";

/**
 * @import { Stood } from "./lib/gate/batch.js"
 * @import { Executed } from "../types/nodes.d.ts"
 * @import { Loop } from "../types/server.d.ts"
 */

/** Of the pack's node ids. */
const PREFIX = "BatchLoop";

const server = new LoopServer(api);
const poller = new Poller({ server });
nameWorkflowsBy(() => app.extensionManager.workflow?.activeWorkflow?.filename ?? "");
const settings = new Settings(app);
const nodeTexts = new NodeTexts();
const searchNames = new SearchNames();
const toasts = new Toasts(app);
const submissions = new Submissions();
const screen = new Screen(app);
const openReport = (/** @type {string} */ loop) => panel.open(loop);
const notices = new NoticeBox(openReport);
const onScreen = new OnScreen(app);
const awake = new Awake();
const leaving = new Leaving({ box: notices });
const autoQueue = new AutoQueue(app);
const claims = new Claims();
const gate = new Gate({
  autoQueue,
  claims,
  notice: new AwayNotice({
    box: notices,
    screen: onScreen,
    pause: (batch) => {
      const [loop] = batch.loops;
      if (loop) runControl.pause(loop);
      else stopping.stopAway(batch);
    },
  }),
  screen: onScreen,
  sender: new Sender(api),
  submissions,
  stands: (loops) => server.loopsOf(loops),
  goesOn,
  expected,
  stood: stoodOnScreen,
  isUnknown,
  isRunning: () => inProgress.isAny,
  changed(batch) {
    awake.need(batch !== null);
    leaving.runs(batch);
    onMode();
  },
});
const { stopping } = gate;
const chooser = new FolderChooser({ app, server });
const makeBatch = new MakeBatch({
  app,
  make: (type) => window.LiteGraph.createNode(type),
  chooser,
  toasts,
  screen,
  ask: (candidates) => askWhich(candidates, (file) => server.inputPicture(file)),
  cover: (choice) => new Cover().over(choice),
});
const entries = new Entries({ app, makeBatch });
const changed = () => cards.lookAgain();
const changes = new Changes({
  server,
  toasts,
  notices,
  ask,
  changed,
  goesOn: goesOnByItself,
  skips: skipsOnScreen,
});
const trial = new Trial({ isOnChange: () => autoQueue.isOnChange });
const inProgress = new InProgress();
const takeBack = new TakeBack({ api, toasts });
const earlier = new EarlierPrompts({
  waiting: () => takeBack.waiting(),
  loopOf: async (which) => (await ("file" in which ? server.table(which) : server.folder(which))).loop,
  changed: () => onMode(),
});
const endings = new Endings({ poller, changed: () => onMode() });
const runControl = new RunControl({
  earlier,
  endings,
  gate,
  inProgress,
  stopping,
  submissions,
  takeBack,
  trial,
  watch: theWatch,
});
const running = {
  control: runControl,
  nodeOf: (/** @type {string} */ loop) => cards.nodeOf(loop),
  loopsHere: loopsOnScreen,
};
const panel = new Panel({
  app,
  server,
  poller,
  changes,
  running,
  changed,
  makeBatch: () => makeBatch.ofWorkflow(),
});
const actions = new Actions({
  ask,
  changes,
  toasts,
  screen,
  chooser,
  chooseItem: (settings) => new ItemChooser({ server, settings }).choose(),
  openReport,
  stopWatching: () => watch.end(),
  runControl,
});
const cards = new Cards({
  app,
  server,
  poller,
  screen,
  actions,
  collapsed: new CollapsedNodes(),
  runControl,
  trial,
  isElsewhere: (loop) => claims.areElsewhere([loop]),
});
const watch = new Watch({ poller, autoQueue: gate, stopping, toasts, screen, button: cards });
const columns = new Columns({ app, poller });
const variantNames = new VariantNames({ app });
const signals = new Signals({ settings, toasts, openReport });
const reasons = new Reasons({ app, box: notices, screen });
const refusals = new Refusals({ app });
const leftOut = new LeftOut({ app, screen, stopping, toasts });
const tells = new Notices({
  poller,
  toasts,
  ends: notices,
  signals,
  submissions,
  runControl,
  resultsOf: (loop) => resultFolder(server, loop),
  linksTo: (made) => {
    const links = new MadeOfAllLinks((view) => server.view(view));
    links.show(made);
    return links.element;
  },
  startOver: async (loop, state) => (await changes.startOver({ loop }, state)) && changed(),
});
const conductor = new Conductor({
  autoQueue: gate,
  endings,
  stopping,
  submissions,
  watch,
  title: new PageTitle({ settings }),
  notices: tells,
});

/** @type {(ids: string[], loops: Loop[]) => boolean} - the conductor's, which needs the gate */
function goesOn(ids, loops) {
  return conductor.cameBack(ids, loops);
}

/** @returns {string[]} - from the cards, which need the gate */
function expected() {
  return cards.named;
}

/** @returns {string[]} - from the cards, too */
function loopsOnScreen() {
  return cards.loops;
}

/** @returns {Stood} - from the cards, too */
function stoodOnScreen() {
  return cards.states;
}

/** @type {(loop: string) => boolean} - from the cards, too, and what they press */
function goesOnByItself(loop) {
  return runControl.goesOn(loop, { isHere: cards.nodeOf(loop) !== null });
}

/** @type {(loop: string) => boolean | null} - by the node on the screen, if it is there */
function skipsOnScreen(loop) {
  const node = cards.nodeOf(loop);
  return node && skipsFinished(node);
}

/** @type {(ids: string[], error: unknown) => void} */
function isUnknown(ids, error) {
  conductor.unknown(ids, error);
}

/** @returns {Watch} - which needs the cards, which need the buttons that end it */
function theWatch() {
  return watch;
}

/** @param {CustomEvent<Executed>} event */
function onExecuted({ detail }) {
  reasons.reported(detail.node);
  for (const said of detail.output?.batch_loop ?? []) {
    const id = detail.display_node ?? detail.node;
    conductor.heard(detail.prompt_id, said);
    if (said.kind === "iteration") {
      inProgress.heard(said.loop, detail.prompt_id);
      changes.wentOn(said.loop);
    }
    poller.news();
    if (said.kind === "end_queue" || said.kind === "film_changed") continue;
    if (gate.isAway(said.loop)) continue;
    if (said.kind === "iteration") screen.note(id, said.loop);
    cards.heard(id, said, detail.prompt_id);
  }
}

/** @param {CustomEvent<{ exec_info?: { queue_remaining?: number } } | null>} event */
async function onStatus({ detail }) {
  const remaining = detail?.exec_info?.queue_remaining;
  const isOther = inProgress.queueIs(remaining, () => takeBack.running());
  gate.queueIs(remaining);
  conductor.queueIs(remaining);
  poller.queueIs(remaining);
  void earlier.look();
  if (!(await isOther)) return;
  conductor.found(inProgress.prompt);
  onMode();
}

function onSending() {
  reasons.sending();
  leftOut.sending();
  conductor.sending();
  gate.sending();
  refusals.sending(onRefused);
}

function onAccepted() {
  refusals.accepted();
  gate.accepted();
  leftOut.accepted();
}

function onRefused() {
  reasons.refused(gate.hasRun);
  conductor.refused();
  cards.lookAgain();
}

function onSent() {
  refusals.sent();
  conductor.sent();
  runControl.sent();
}

/** Somebody, or this page, has chosen another way to run. */
function onMode() {
  cards.modeChanged();
  panel.modeChanged();
  tells.modeChanged();
}

/**
 * @param {"execution_success" | "execution_error" | "execution_interrupted"} event
 * @param {(promptId: string, nodeType: string) => void} ended
 */
function listen(event, ended) {
  api.addEventListener(event, ({ detail }) => {
    ended(detail.prompt_id, detail.node_type);
    if (inProgress.ended(detail.prompt_id)) onMode();
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
    notices.addTo(document.body);
    nodeTexts.use(await load(api, settings.language));
    app.registerExtension(entries.extension);
  },

  addCustomNodeDefs(definitions) {
    nodeTexts.define(definitions);
    searchNames.define(definitions);
    columns.define(definitions);
    variantNames.define(definitions);
  },

  registerCustomNodes() {
    searchNames.apply();
  },

  setup() {
    offerNodes();
    searchNames.restoreTitle();
    app.extensionManager.registerSidebarTab(panel.tab);
    autoQueue.onChange(onMode);
    void earlier.look();
    api.addEventListener("executed", onExecuted);
    listen("execution_success", (promptId) => {
      conductor.succeeded(promptId);
      cards.ended(promptId, "done");
    });
    listen("execution_error", (promptId, nodeType) => {
      conductor.failed(promptId, nodeType);
      cards.ended(promptId, "failed");
    });
    api.addEventListener("execution_error", ({ detail }) => reasons.failed(detail));
    listen("execution_interrupted", (promptId) => {
      conductor.interrupted(promptId);
      cards.ended(promptId, null);
    });
    api.addEventListener("execution_start", ({ detail }) => {
      conductor.started(detail.prompt_id);
      inProgress.started(detail.prompt_id);
    });
    api.addEventListener("status", onStatus);
    api.addEventListener("graphChanged", () => gate.workflowChanged());
    onCancel(() => {
      const loops = conductor.cancelled();
      if (inProgress.cancel(loops)) onMode();
    });
    api.addEventListener("promptQueued", onSent);
    window.addEventListener("focus", () => cards.lookAgain());
    document.addEventListener("visibilitychange", () => cards.lookAgain());
  },

  getNodeMenuItems: (node) => entries.ofMenu(node),

  getSelectionToolboxCommands: (item) => entries.ofToolbox(item),

  /** Newer frontends call this before they remove the nodes of the workflow on screen. */
  beforeLoadGraph: () => gate.beforeAnother(),
  beforeConfigureGraph(workflow) {
    inOwnLanguage(workflow);
    return keepingState(app, () => gate.beforeAnother());
  },
  afterConfigureGraph() {
    gate.look();
    makeBatch.look();
  },

  nodeCreated(node) {
    searchNames.titled(node);
    nodeTexts.label(node);
    entries.addTo(node);
    const card = cards.add(node);
    if (node.comfyClass?.startsWith(PREFIX)) {
      labelOptions(node);
      columns.add(node);
      variantNames.add(node);
      foldSettings(node);
      saveHeightOfItsOwn(node);
    }
    if (!card || !isIterator(node.comfyClass)) return;
    // ComfyUI calls these on every widget before it sends a prompt, and once it has accepted it:
    // the only official signs of this in all frontends.
    card.beforeQueued = () => {
      trial.sending(card);
      cards.sending(node);
      onSending();
    };
    card.afterQueued = onAccepted;
  },
});
