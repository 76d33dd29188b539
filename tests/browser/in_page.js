/** The tests' actions and checks inside ComfyUI's page. */
(() => {
  const CARD = "batch_loop_card";
  let nextId = 1000;
  const nextFrame = () => new Promise(requestAnimationFrame);
  const nodeOf = (type) => app.canvas.graph._nodes.find((node) => node.type === type);
  const redraw = () => app.canvas.setDirty(true, true);

  let isMoving = false;

  /**
   * Move the canvas between two frames: of a node whose size changes in the same one, Nodes 2.0 in
   * 1.32 would note another place.
   */
  const moveCanvas = (move) => {
    if (isMoving) return;
    isMoving = true;
    setTimeout(async () => {
      move();
      redraw();
      await nextFrame();
      await nextFrame();
      isMoving = false;
    });
  };

  /** The saved workflow, without the part of the canvas that is in view. */
  const savedText = () => {
    const saved = (app.rootGraph ?? app.graph).serialize();
    return JSON.stringify({ ...saved, extra: { ...saved.extra, ds: undefined } });
  };

  /** Waits until what `look` returns is the same in ten frames in a row. */
  const unchanged = async (look) => {
    let seen = look();
    for (let same = 0; same < 10; ) {
      await nextFrame();
      const now = look();
      same = now === seen ? same + 1 : 0;
      seen = now;
    }
  };

  /** Where a node is, with its title, as it is drawn, in canvas units. */
  const drawnBox = ({ id, pos, size }) => {
    const title = LiteGraph.NODE_TITLE_HEIGHT;
    const drawn = document.querySelector(`.lg-node[data-node-id="${id}"]`);
    if (!drawn) return { left: pos[0], top: pos[1] - title, width: size[0], height: size[1] + title };
    const { left, top } = drawn.getBoundingClientRect();
    const [x, y] = app.canvas.convertEventToCanvasOffset({ clientX: left, clientY: top });
    return { left: x, top: y, width: drawn.offsetWidth, height: drawn.offsetHeight };
  };

  /** The pairs of boxes of which one covers a part of the other. */
  const covering = (boxes) => {
    const areApart = (one, other) =>
      one.left + one.width <= other.left ||
      other.left + other.width <= one.left ||
      one.top + one.height <= other.top ||
      other.top + other.height <= one.top;
    return boxes.flatMap((one, at) =>
      boxes.slice(at + 1).flatMap((other) => (areApart(one, other) ? [] : [[one, other]])),
    );
  };

  const ownPromptsThatEnded = async () => {
    const history = await (await app.api.fetchApi("/history")).json();
    const isOwn = ([, { prompt }]) => prompt[3].client_id === app.api.clientId;
    return Object.entries(history).filter(isOwn).map(([id]) => id);
  };

  // A page's scripts run in no particular order.
  window.batchLoopTools = Object.assign(window.batchLoopTools ?? {}, {
    /**
     * Open an API workflow again with this id, and with its nodes spread out: Nodes 2.0 puts them on
     * top of each other.
     */
    async giveId(id) {
      const saved = { ...(app.rootGraph ?? app.graph).serialize(), id };
      if (LiteGraph.vueNodesMode) {
        [...saved.nodes].forEach((node, place) => (node.pos = [place * 700, 0]));
      }
      const shown = app.extensionManager.workflow?.activeWorkflow;
      await app.loadGraphData(saved, true, true, shown);
    },

    setWidget(id, name, value) {
      const node = app.graph.getNodeById(id);
      const widget = node.widgets.find((widget) => widget.name === name);
      widget.value = value;
      widget.callback?.(value, app.canvas, node);
      app.graph.setDirtyCanvas(true, true);
    },

    /** Remove all nodes, and add new ones of these types. */
    newNodes(types) {
      app.graph.clear();
      types.forEach((type, place) => {
        const node = LiteGraph.createNode(type);
        node.pos = [place * 700, 0];
        // Some frontends draw a node as large as one that had its id before.
        node.id = nextId;
        nextId += 1;
        app.graph.add(node);
      });
      app.graph.setDirtyCanvas(true, true);
    },

    /** The widgets of a node that are on the screen, from top to bottom. */
    shownWidgets(type) {
      const node = nodeOf(type);
      const drawn = document.querySelector(`.lg-node[data-node-id="${node.id}"]`);
      const isLinked = ({ name }) =>
        node.inputs.some(({ widget, link }) => widget?.name === name && link != null);
      const widgets = node.widgets.filter((each) => isLinked(each) || node.isWidgetVisible(each));
      const names = widgets.map(({ name }) => name);
      if (!drawn) return names;
      // Nodes 2.0 has one row for each; newer frontends have another kind for those with a link.
      const rows = [...drawn.querySelectorAll(".lg-node-widget")];
      const visible = rows.filter((row) => row.getBoundingClientRect().height > 0).length;
      const least = widgets.filter((each) => !isLinked(each)).length;
      return visible === least || visible === names.length ? names : [`${visible} rows`];
    },

    doesShow(type, names) {
      return String(window.batchLoopTools.shownWidgets(type)) === String(names);
    },

    /** The height of a node with its title, in canvas units. */
    heightOf(type) {
      const node = nodeOf(type);
      const drawn = document.querySelector(`.lg-node[data-node-id="${node.id}"]`);
      if (drawn) return drawn.getBoundingClientRect().height / app.canvas.ds.scale;
      return node.size[1] + LiteGraph.NODE_TITLE_HEIGHT;
    },

    /** How high the row of a node's input is, where it is drawn above the widgets: in Nodes 2.0. */
    heightOfInput(type) {
      const row = `.lg-node[data-node-id="${nodeOf(type).id}"] .lg-slot--input`;
      const height = document.querySelector(row)?.getBoundingClientRect().height ?? 0;
      return height / app.canvas.ds.scale;
    },

    /** Where on the page the classic canvas draws the middle of a node's widget. */
    async placeOfWidget(type, name) {
      // Until the node is drawn with what its card says now.
      for (let frame = 0; frame < 4; frame += 1) await nextFrame();
      const { pos, size, widgets } = nodeOf(type);
      const { last_y: down } = widgets.find((widget) => widget.name === name);
      const half = [size[0] / 2, down + LiteGraph.NODE_WIDGET_HEIGHT / 2];
      const { left, top } = app.canvas.canvas.getBoundingClientRect();
      const [x, y] = app.canvas.ds.convertOffsetToCanvas([pos[0] + half[0], pos[1] + half[1]]);
      return [left + x, top + y];
    },

    /** Set a widget of the first node of a type, as a person does. */
    setNodeWidget(type, name, value) {
      window.batchLoopTools.setWidget(nodeOf(type).id, name, value);
    },

    link(from, to, input, output = 0) {
      const target = nodeOf(to);
      nodeOf(from).connect(output, target, target.inputs.findIndex(({ name }) => name === input));
    },

    unlink(type, input) {
      const node = nodeOf(type);
      node.disconnectInput(node.inputs.findIndex(({ name }) => name === input));
    },

    /** The height with which a node is saved, and its height now. */
    heights(type) {
      const node = nodeOf(type);
      return { saved: node.serialize().size[1], now: node.size[1] };
    },

    /** A node's inputs in the prompt. */
    async promptOf(type) {
      const { output } = await app.graphToPrompt();
      return output[nodeOf(type).id].inputs;
    },

    /** Save the workflow, and open it with other widget values, as an older page has saved them. */
    async openWith(type, values) {
      const saved = JSON.parse(JSON.stringify(app.graph.serialize()));
      const node = [...saved.nodes].find((each) => each.type === type);
      node.widgets_values = values;
      delete node.widgets_values_named;
      delete node.properties.batch_loop_unfolded;
      await app.loadGraphData(saved);
    },

    /** Save the workflow, and open it with a node unfolded in the way of an older pack. */
    async openUnfoldedAsOnce(type) {
      const saved = JSON.parse(JSON.stringify(app.graph.serialize()));
      [...saved.nodes].find((each) => each.type === type).showAdvanced = true;
      await app.loadGraphData(saved);
    },

    /** Whether nothing of an element is cut by those around it, up to the card. */
    isWhollyVisible(target) {
      const box = target.getBoundingClientRect();
      if (box.width === 0 || target.scrollHeight > target.clientHeight + 1) return false;
      for (let at = target.parentElement; !at.dataset.card; at = at.parentElement) {
        const around = at.getBoundingClientRect();
        if (box.right > around.right + 1 || box.bottom > around.bottom + 1) return false;
      }
      return true;
    },

    /** Choose what happens to a node's value after each run. */
    setControl(id, mode) {
      const isControl = ({ options }) => options?.values?.includes?.("randomize");
      app.graph.getNodeById(id).widgets.find(isControl).value = mode;
    },

    /** Drop a workflow onto the page, as a file. */
    drop(workflow, name) {
      const dataTransfer = new DataTransfer();
      const file = new File([JSON.stringify(workflow)], name, { type: "application/json" });
      dataTransfer.items.add(file);
      const { left, top } = app.canvas.canvas.getBoundingClientRect();
      const place = { clientX: left + 400, clientY: top + 400, bubbles: true, cancelable: true };
      app.canvas.canvas.dispatchEvent(new DragEvent("drop", { ...place, dataTransfer }));
    },

    setNeedsAccount(type, needs) {
      LiteGraph.registered_node_types[type].nodeData.api_node = needs;
    },

    /** Count, from now on, how often the screen is asked to stay on, and how often it has to. */
    watchWakeLock() {
      const count = (window.batchLoopWakeLocks = { asked: 0, held: 0 });
      const request = WakeLock.prototype.request;
      WakeLock.prototype.request = async function (type) {
        count.asked += 1;
        const lock = await request.call(this, type);
        count.held += 1;
        lock.addEventListener("release", () => (count.held -= 1));
        return lock;
      };
    },

    /** These numbers, and how many locks the page holds against being frozen. */
    async wakeLocks() {
      const { held } = await navigator.locks.query();
      const page = held.filter(({ name }) => name === "batch-loop/runs").length;
      return { ...window.batchLoopWakeLocks, page };
    },

    async convertToSubgraph(ids) {
      app.canvas.deselectAll();
      app.canvas.selectItems(ids.map((id) => app.graph.getNodeById(id)));
      await app.extensionManager.command.execute("Comfy.Graph.ConvertToSubgraph");
    },

    /** Add a copy of a node beside it. */
    copyAndPaste(id) {
      const node = app.graph.getNodeById(id);
      app.canvas.copyToClipboard([node]);
      app.canvas.pasteFromClipboard({ position: [node.pos[0] + node.size[0] + 40, node.pos[1]] });
    },

    /** Execute a command, without waiting for what it asks the user. */
    execute(command) {
      app.extensionManager.command.execute(command);
    },

    /** Whether one of these names is among the first visible elements' texts. */
    isAmongFirst(selector, names, count) {
      const all = [...document.querySelectorAll(selector)].filter((each) => each.offsetHeight > 0);
      const texts = all.slice(0, count).map((each) => each.innerText);
      return texts.some((text) => names.some((name) => text.includes(name)));
    },

    /** Open a pack's template, as ComfyUI's Templates window does after a click on it. */
    async openTemplate(pack, name) {
      const answer = await fetch(`/api/workflow_templates/${pack}/${encodeURIComponent(name)}.json`);
      await app.loadGraphData(await answer.json(), true, true, name, { openSource: "template" });
    },

    /** Whether the workflow is shown whole, at this zoom or more, with its note at the left. */
    isLegible(leastZoom) {
      const { ds, canvas } = app.canvas;
      const { right: end } = canvas.getBoundingClientRect();
      if (end !== window.innerWidth || ds.scale < leastZoom) return false;
      const places = app.graph._nodes.map(({ type, pos, size }) => {
        const [left, top] = ds.convertOffsetToCanvas([pos[0], pos[1] - LiteGraph.NODE_TITLE_HEIGHT]);
        const [right, bottom] = ds.convertOffsetToCanvas([pos[0] + size[0], pos[1] + size[1]]);
        return { type, left, top, right, bottom };
      });
      const [first] = places.sort(
        (one, other) => one.left - other.left || one.top - other.top,
      );
      const isInView = ({ left, top, right, bottom }) =>
        left >= 0 && top >= 0 && right <= canvas.clientWidth && bottom <= canvas.clientHeight;
      return first.type === "MarkdownNote" && places.every(isInView);
    },

    /** What covers another, or is outside of the groups, of the nodes and groups as they are drawn. */
    async layoutFaults() {
      await unchanged(() => JSON.stringify(app.graph._nodes.map(drawnBox)));
      const nodes = app.graph._nodes.map((node) => ({ name: node.title, ...drawnBox(node) }));
      const groups = app.graph._groups.map(({ title, pos, size }) => {
        return { name: title, left: pos[0], top: pos[1], width: size[0], height: size[1] };
      });
      const isAround = (node) => (group) =>
        group.left <= node.left &&
        group.top <= node.top &&
        node.left + node.width <= group.left + group.width &&
        node.top + node.height <= group.top + group.height;
      const outside = nodes.filter((node) => !groups.some(isAround(node)));
      return [
        ...[nodes, groups].flatMap((boxes) => covering(boxes).map(([one, other]) => `${one.name} covers ${other.name}`)),
        ...outside.map((node) => `${node.name} is in no group: ${JSON.stringify(node)}`),
      ];
    },

    /** Whether a node of this type shows a picture, in either way of drawing. */
    showsPicture(type) {
      const node = nodeOf(type);
      const drawn = document.querySelector(`.lg-node[data-node-id="${node.id}"]`);
      if (!drawn) return node.imgs?.[0]?.naturalWidth > 0;
      return [...drawn.querySelectorAll("img")].some(({ naturalWidth }) => naturalWidth > 0);
    },

    /** Show a message as ComfyUI shows its own. */
    addToast: (summary, detail) => app.extensionManager.toast.add({ severity: "info", summary, detail }),

    /** Whether the pack's notices are in view, and no message of ComfyUI covers any of them. */
    isBelowToasts() {
      const box = (found) => found.getBoundingClientRect();
      const notices = [...document.querySelectorAll(".batch-loop-notice")].map(box);
      const own = ".p-toast-message, [data-testid=toast], [data-testid=error-overlay]";
      const toasts = [...document.querySelectorAll(own)].map(box);
      const isInView = notices.every(({ left, right }) => left >= 0 && right <= window.innerWidth);
      return isInView && covering([...notices, ...toasts]).every((pair) => pair.every((each) => toasts.includes(each)));
    },

    /** Of titles of groups, each with the width of its group, those that are longer. */
    tooLong(titles) {
      const context = document.createElement("canvas").getContext("2d");
      // Newer frontends draw all of them in this size.
      context.font = "24px Arial";
      return titles.filter(([title, width]) => context.measureText(title).width + 10 > width);
    },

    /** The id of the node of a type. */
    idOf: (type) => String(nodeOf(type).id),

    /** Where on the page the corner is by which a node is made larger, once it is in view. */
    async cornerOf(type) {
      const node = nodeOf(type);
      const { left, top, width, height } = app.canvas.canvas.getBoundingClientRect();
      app.canvas.ds.scale = 1;
      const corner = [node.pos[0] + node.size[0], node.pos[1] + node.size[1]];
      app.canvas.ds.offset = [width / 2 - corner[0], height / 2 - corner[1]];
      redraw();
      const drawn = document.querySelector(`.lg-node[data-node-id="${node.id}"]`);
      await unchanged(() => JSON.stringify(drawn?.getBoundingClientRect()));
      const box = drawn?.getBoundingClientRect();
      const [x, y] = box ? [box.right, box.bottom] : [left + width / 2, top + height / 2];
      return [x - 4, y - 4];
    },

    /** Where on the page a node's title is, once the node is in view. */
    async titleOf(id) {
      const node = app.graph.getNodeById(id);
      const { left, top, width, height } = app.canvas.canvas.getBoundingClientRect();
      app.canvas.ds.scale = 1;
      // The title into the middle: that of a tall node would be behind ComfyUI's bars.
      app.canvas.ds.offset = [width / 2 - node.pos[0], height / 2 - node.pos[1]];
      redraw();
      for (let frame = 0; frame < 4; frame += 1) await nextFrame();
      const [x, y] = app.canvas.ds.convertOffsetToCanvas([node.pos[0] + 60, node.pos[1] - 12]);
      return [left + x, top + y];
    },

    /**
     * Save the workflow with its nodes at these places, and open it again; more than once if the
     * page draws them elsewhere, as Nodes 2.0 in 1.32 may.
     */
    async reopenWithPlaces(places) {
      const { areApart, settledText } = window.batchLoopTools;
      const saved = structuredClone(app.graph.serialize());
      for (const node of saved.nodes) node.pos = places[node.id];
      for (let opened = 0; opened < 5; opened += 1) {
        await app.loadGraphData(structuredClone(saved));
        await settledText();
        if (areApart()) return;
      }
    },

    /** The place and the size of the node of a type, as it is drawn, in canvas units. */
    drawnBox: (type) => drawnBox(nodeOf(type)),

    /** Whether no node covers another one on screen, and each is drawn where it is saved. */
    areApart() {
      const nodes = app.canvas.graph._nodes;
      const boxes = nodes.map(drawnBox);
      const title = LiteGraph.NODE_TITLE_HEIGHT;
      const isInPlace = ({ left, top }, { pos }) =>
        Math.abs(left - pos[0]) < 1 && Math.abs(top + title - pos[1]) < 1;
      return boxes.every((one, at) => isInPlace(one, nodes[at])) && covering(boxes).length === 0;
    },

    /** Whether a Load Image, which is brought into view, has made room for its picture. */
    isPictureDrawn(id) {
      const node = app.graph.getNodeById(id);
      moveCanvas(() => app.canvas.centerOnNode(node));
      const drawn = document.querySelector(`.lg-node[data-node-id="${id}"] img`);
      if (drawn) return drawn.complete && drawn.naturalWidth > 0;
      return node.imgs?.[0]?.naturalWidth > 0 && node.size[1] > 200;
    },

    /** The workflow as it is saved, when it no longer changes. */
    async settledText() {
      await unchanged(() => `${savedText()} ${app.graph._nodes.map(({ size }) => size)}`);
      return savedText();
    },

    /**
     * Whether the workflow would be saved as this text.
     *
     * In Nodes 2.0 the page gives nodes their heights, which do not count: in 1.32, Undo and opening
     * a workflow lower nodes by the height of a title, without this pack, too.
     */
    isSavedAs(text) {
      const now = savedText();
      if (!LiteGraph.vueNodesMode) return now === text;
      const counting = (saved) => {
        const { definitions, ...root } = JSON.parse(saved);
        for (const { nodes } of [root, ...(definitions?.subgraphs ?? [])]) {
          for (const { size } of nodes) size.length = 1;
        }
        return JSON.stringify({ ...root, definitions });
      };
      return counting(now) === counting(text);
    },

    /** Whether the workflow's subgraph has no input of this name. */
    isSubgraphWithout(input) {
      const saved = (app.rootGraph ?? app.graph).serialize();
      const [{ inputs }] = saved.definitions.subgraphs;
      const use = saved.nodes.find(({ type }) => type === saved.definitions.subgraphs[0].id);
      return [...(inputs ?? []), ...(use.inputs ?? [])].every(({ name }) => name !== input);
    },

    /** Whether the workflow's subgraph has a node of this type. */
    isSubgraphWith(type) {
      const [{ nodes }] = (app.rootGraph ?? app.graph).serialize().definitions.subgraphs;
      return nodes.some((node) => node.type === type);
    },

    /** A node's widget values in the saved workflow. */
    savedWidgets(type) {
      return [...app.graph.serialize().nodes].find((node) => node.type === type).widgets_values;
    },

    /** Note which of this page's prompts has begun last, and which have ended. */
    async noteProgress() {
      const heard = { begun: "", ended: new Set() };
      window.batchLoopHeard = heard;
      app.api.addEventListener("execution_start", ({ detail }) => (heard.begun = detail.prompt_id));
      for (const end of ["execution_success", "execution_error", "execution_interrupted"]) {
        app.api.addEventListener(end, ({ detail }) => heard.ended.add(detail.prompt_id));
      }
      // Of those from before this page was loaded anew, it hears nothing.
      for (const prompt of await ownPromptsThatEnded()) heard.ended.add(prompt);
    },

    /** Whether the page has heard of the end of each of its prompts that has ended. */
    async hasHeardAll() {
      const { ended } = window.batchLoopHeard;
      return (await ownPromptsThatEnded()).every((prompt) => ended.has(prompt));
    },

    hasHeardOfStart: (prompt) => window.batchLoopHeard.begun === prompt,

    /**
     * Have the page hear that each prompt it sends is accepted only once the queue is empty again,
     * and of those after the first few only once their workflow has left the screen, too; returns
     * what ends that.
     */
    answerLate(first) {
      const send = window.fetch;
      let sent = 0;
      window.fetch = async (resource, options) => {
        if (options?.method !== "POST" || !String(resource).endsWith("/prompt")) {
          return send(resource, options);
        }
        const { api } = window.comfyAPI.api;
        let seen;
        const emptied = new Promise((resolve) => {
          seen = ({ detail }) => detail?.exec_info?.queue_remaining === 0 && resolve();
          api.addEventListener("status", seen);
        });
        sent += 1;
        const isToLeave = sent > first;
        const nodes = [...app.graph._nodes];
        const answer = await send(resource, options);
        await emptied;
        while (isToLeave && nodes.some((node) => app.graph._nodes.includes(node))) {
          await new Promise((turn) => setTimeout(turn, 16));
        }
        api.removeEventListener("status", seen);
        return answer;
      };
      return { end: () => (window.fetch = send) };
    },

    /** Wait until ComfyUI's page sends nothing, for so many ms at most. */
    async settle(most) {
      let asked = 0;
      let answered = 0;
      let isOver = false;
      const settled = async () => {
        while (!isOver) {
          asked += 1;
          const isFree = await app.queuePrompt(0, 0);
          answered += 1;
          if (isFree) return;
          // Not a frame: a page that draws nothing has none.
          await new Promise((turn) => setTimeout(turn, 16));
        }
      };
      const late = new Promise((_, fail) => {
        setTimeout(() => {
          const { queueSettings, workflow, spinner } = app.extensionManager;
          const { path } = workflow.activeWorkflow ?? {};
          const page = { asked, answered, mode: queueSettings.mode, path, spinner };
          fail(new Error(`ComfyUI's page does not settle: ${JSON.stringify(page)}`));
        }, most);
      });
      try {
        await Promise.race([settled(), late]);
      } finally {
        isOver = true;
      }
    },

    /** Reset the Run button and the workflows to the state of a new tab. */
    async tidy() {
      app.extensionManager.queueSettings.mode = "disabled";
      app.extensionManager.queueSettings.batchCount = 1;
      app.extensionManager.sidebarTab.activeSidebarTabId = null;
      // Each open workflow slows ComfyUI's page down.
      const { workflow: store } = app.extensionManager;
      const others = store.openWorkflows.filter((one) => one !== store.activeWorkflow);
      for (const one of others) await store.closeWorkflow(one);
    },

    /** Note in each frame where a card's buttons are, from its upper left corner. */
    watchPlaces(card, actions) {
      const places = Object.fromEntries(actions.map((action) => [action, new Set()]));
      const seen = { frames: 0, goesOn: true, places };
      window.batchLoopPlaces = seen;
      const note = () => {
        const from = card.getBoundingClientRect();
        for (const action of actions) {
          const at = card.querySelector(`[data-action="${action}"]`).getBoundingClientRect();
          const place = [at.left - from.left, at.top - from.top, at.width, at.height];
          places[action].add(place.map(Math.round).join());
        }
        seen.frames += 1;
        if (seen.goesOn) requestAnimationFrame(note);
      };
      note();
    },

    /** Stop; returns the number of frames, and how many places each button had. */
    placesSeen() {
      const { frames, places } = window.batchLoopPlaces;
      window.batchLoopPlaces.goesOn = false;
      const counts = Object.entries(places).map(([action, seen]) => [action, seen.size]);
      return { frames, places: Object.fromEntries(counts) };
    },

    /** Make the page believe that it is in the background, or no longer. */
    setHidden(isHidden) {
      const hidden = { get: () => "hidden", configurable: true };
      if (isHidden) Object.defineProperty(document, "visibilityState", hidden);
      else delete document.visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    },

    /** Move the canvas; call it until it returns true, when a node's card is in the middle. */
    isCardInTheMiddle(type) {
      if (isMoving) return false;
      const { ds, canvas } = app.canvas;
      const node = nodeOf(type);
      const card = node.widgets.find(({ name }) => name === CARD).element;
      const page = canvas.getBoundingClientRect();
      const box = card.getBoundingClientRect();
      if (box.width === 0) {  // not visible
        moveCanvas(() => app.canvas.centerOnNode(node));
        return false;
      }
      // ComfyUI and this pack show messages at the edges.
      const x = page.left + page.width * 0.35 - (box.left + box.width / 2);
      const y = page.top + page.height * 0.45 - (box.top + box.height / 2);
      if (Math.abs(x) < 2 && Math.abs(y) < 2) return true;
      moveCanvas(() => {
        ds.offset[0] += x / ds.scale;
        ds.offset[1] += y / ds.scale;
      });
      return false;
    },

    /** Whether a node's card is complete, inside the node, and covers no widget or output. */
    doesCardFit(type) {
      const node = nodeOf(type);
      const card = node.widgets.find(({ name }) => name === CARD);
      const box = card.element.getBoundingClientRect();
      const content = card.element.firstElementChild.getBoundingClientRect();
      if (box.height === 0 || content.bottom > box.bottom + 1) return false;
      const drawn = card.element.closest(".lg-node")?.getBoundingClientRect();
      if (drawn) return box.top > drawn.top && box.bottom <= drawn.bottom;
      if (card.width === undefined) {
        const outputs = Math.max(0, ...node.outputs.map((_, slot) => node.getOutputPos(slot)[1]));
        if (node.pos[1] + card.y < outputs) return false;
      } else if (card.width > node.size[0] - 80) return false;  // the outputs are beside it
      const others = node.widgets.filter((widget) => widget !== card && node.isWidgetVisible(widget));
      const [top, bottom] = [card.y, card.y + card.computedHeight];
      const covers = ({ y, computedHeight }) => y < bottom && y + computedHeight > top;
      if (others.some(covers)) return false;
      return card.y + card.computedHeight <= node.size[1];
    },

    /** Whether this colour appears on a node's title. */
    isColourOnTitle(id, colour) {
      const drawn = document.querySelector(`.lg-node[data-node-id="${id}"]`);
      if (drawn) return getComputedStyle(drawn, "::after").backgroundImage.includes(colour);
      const one = new OffscreenCanvas(1, 1).getContext("2d");
      one.fillStyle = colour;
      one.fillRect(0, 0, 1, 1);
      const wanted = one.getImageData(0, 0, 1, 1).data;
      const node = app.graph.getNodeById(id);
      app.canvas.centerOnNode(node);
      redraw();
      const { ds, canvas } = app.canvas;
      const [x, y] = ds.convertOffsetToCanvas([node.pos[0], node.pos[1] - 30]);
      const [width, height] = [node.boundingRect[2] * ds.scale, 30 * ds.scale];
      const title = canvas.getContext("2d").getImageData(x, y, width, height).data;
      for (let at = 0; at < title.length; at += 4) {
        if ([0, 1, 2].every((part) => title[at + part] === wanted[part])) return true;
      }
      return false;
    },

    /** Record in `window.seenRows`, for each frame, whether rows cover the whole view. */
    watchRows(grid) {
      const seen = { frames: 0, mostRows: 0, gaps: [] };
      const look = () => {
        const view = grid.getBoundingClientRect();
        const rows = [...grid.querySelectorAll("[role=row]")].map((r) => r.getBoundingClientRect());
        const top = Math.min(...rows.map((row) => row.top));
        const bottom = Math.max(...rows.map((row) => row.bottom));
        const height = rows.reduce((sum, row) => sum + row.height, 0);
        const isCovered = top <= view.top + 1 && bottom >= view.bottom - 1;
        if (!isCovered || height < bottom - top - 1) seen.gaps.push([view.top, top, bottom]);
        seen.frames += 1;
        seen.mostRows = Math.max(seen.mostRows, rows.length);
        if (!seen.isOver) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      window.seenRows = seen;
    },

    /** Stop recording; return the record. */
    rowsSeen() {
      window.seenRows.isOver = true;
      return window.seenRows;
    },

    /** Click a loop; return the ms until its first images are on screen. */
    firstFrameMs(entry) {
      return new Promise((done) => {
        const began = performance.now();
        entry.click();
        const look = () => {
          if (!document.querySelector(".batch-loop-row .batch-loop-item-name")) {
            return requestAnimationFrame(look);
          }
          // The frame that begins here has been drawn when the next task runs.
          const channel = new MessageChannel();
          channel.port1.onmessage = () => done(performance.now() - began);
          channel.port2.postMessage(null);
        };
        requestAnimationFrame(look);
      });
    },

    /** Scroll from the first image to the last in this many steps, one per frame. */
    async scroll(grid, steps) {
      for (let step = 1; step <= steps; step += 1) {
        grid.scrollTop = (grid.scrollHeight * step) / steps;
        await nextFrame();
      }
    },
  });
})();
