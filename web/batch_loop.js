/**
 * The web extension of Batch Loop: what the nodes say in their `ui` results, done in the browser.
 *
 * ComfyUI's executor reports each node's `ui` result in its `executed` event. This file listens,
 * and hands what it hears to small modules; it patches nothing, and acts only on prompts in which
 * a node of this pack spoke.
 */
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";
import { AutoQueue } from "./lib/auto_queue.js";
import { Conductor } from "./lib/conductor.js";
import { Notices } from "./lib/notices.js";
import { Screen } from "./lib/screen.js";
import { LoopServer } from "./lib/server.js";
import { StartOver } from "./lib/start_over.js";
import { StopWatching } from "./lib/stop_watching.js";
import { Submissions } from "./lib/submissions.js";
import { Toasts } from "./lib/toasts.js";
import { Watch } from "./lib/watch.js";

const ITERATOR = "BatchLoopDirectoryIterator";

const server = new LoopServer(api);
const toasts = new Toasts(app);
const submissions = new Submissions();
const startOver = new StartOver({ server, toasts });
const screen = new Screen(app);
const autoQueue = new AutoQueue(app);
const stopWatching = new StopWatching(() => watch.end());
const watch = new Watch({ server, autoQueue, toasts, screen, button: stopWatching });
const conductor = new Conductor({
  autoQueue,
  submissions,
  watch,
  notices: new Notices({ server, toasts, submissions }),
});

function onExecuted({ detail }) {
  for (const said of detail.output?.batch_loop ?? []) {
    conductor.heard(detail.prompt_id, said);
    if (said.kind === "iteration") {
      const node = screen.note(detail.display_node ?? detail.node, said.loop);
      if (node) startOver.remember(node, said.loop);
    }
  }
}

app.registerExtension({
  name: "BatchLoop",

  setup() {
    api.addEventListener("executed", onExecuted);
    api.addEventListener("execution_success", ({ detail }) => conductor.succeeded(detail.prompt_id));
    api.addEventListener("execution_error", ({ detail }) => conductor.failed(detail.prompt_id));
    api.addEventListener("execution_interrupted", ({ detail }) =>
      conductor.interrupted(detail.prompt_id),
    );
    api.addEventListener("status", ({ detail }) =>
      conductor.queueIs(detail?.exec_info?.queue_remaining),
    );
    api.addEventListener("promptQueued", () => conductor.sent());
  },

  nodeCreated(node) {
    if (node.comfyClass !== ITERATOR) return;
    const button = startOver.addButton(node);
    // ComfyUI calls this on every widget before it sends a prompt: the one official sign, in all
    // its frontends, that this tab begins to submit.
    button.beforeQueued = () => conductor.sending();
    stopWatching.addButton(node);
  },
});
