/** The tests' actions and checks inside ComfyUI's page. */
(() => {
  const CARD = "batch_loop_card";
  const nextFrame = () => new Promise(requestAnimationFrame);
  const nodeOf = (type) => app.canvas.graph._nodes.find((node) => node.type === type);
  const redraw = () => app.canvas.setDirty(true, true);

  // A page's scripts run in no particular order.
  window.batchLoopTools = Object.assign(window.batchLoopTools ?? {}, {
    /** Spread out the nodes of an API workflow, which Nodes 2.0 puts on top of each other. */
    spread() {
      if (!LiteGraph.vueNodesMode) return;
      app.graph._nodes.forEach((node, place) => (node.pos = [place * 700, 0]));
    },

    setWidget(id, name, value) {
      const node = app.graph.getNodeById(id);
      const widget = node.widgets.find((widget) => widget.name === name);
      widget.value = value;
      widget.callback?.(value, app.canvas, node);
      app.graph.setDirtyCanvas(true, true);
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

    /** A node's widget values in the saved workflow. */
    savedWidgets(type) {
      return [...app.graph.serialize().nodes].find((node) => node.type === type).widgets_values;
    },

    /** Submit zero prompts, which is refused while the page is still submitting others. */
    async settle() {
      while (!(await app.queuePrompt(0, 0))) await nextFrame();
    },

    /** Reset the Run button and the workflows to the state of a new tab. */
    async tidy() {
      app.extensionManager.queueSettings.mode = "disabled";
      app.extensionManager.queueSettings.batchCount = 1;
      // Each open workflow slows ComfyUI's page down.
      const { workflow: store } = app.extensionManager;
      const others = store.openWorkflows.filter((one) => one !== store.activeWorkflow);
      for (const one of others) await store.closeWorkflow(one);
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
      const { ds, canvas } = app.canvas;
      const node = nodeOf(type);
      const card = node.widgets.find(({ name }) => name === CARD).element;
      const page = canvas.getBoundingClientRect();
      const box = card.getBoundingClientRect();
      if (box.width === 0) {  // not visible
        app.canvas.centerOnNode(node);
        redraw();
        return false;
      }
      // ComfyUI and this pack show messages at the edges.
      const x = page.left + page.width * 0.35 - (box.left + box.width / 2);
      const y = page.top + page.height * 0.45 - (box.top + box.height / 2);
      if (Math.abs(x) < 2 && Math.abs(y) < 2) return true;
      ds.offset[0] += x / ds.scale;
      ds.offset[1] += y / ds.scale;
      redraw();
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
      const outputs = Math.max(0, ...node.outputs.map((_, slot) => node.getOutputPos(slot)[1]));
      if (node.pos[1] + card.y < outputs) return false;
      const others = node.widgets.filter((widget) => widget !== card && !widget.hidden);
      if (others.some(({ y, computedHeight }) => y + computedHeight > card.y)) return false;
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
