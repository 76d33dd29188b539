/** What the tools do and look at inside of ComfyUI's page. */
(() => {
  const nextFrame = () => new Promise(requestAnimationFrame);
  const nodeOf = (type) => app.canvas.graph._nodes.find((node) => node.type === type);
  const redraw = () => app.canvas.setDirty(true, true);

  // Scripts of a page come in no order.
  window.batchLoopTools = Object.assign(window.batchLoopTools ?? {}, {
    /** The types of the nodes on screen that begin so, each once. */
    nodeTypes(prefix) {
      const types = app.canvas.graph._nodes.map(({ type }) => type);
      return [...new Set(types)].filter((type) => type.startsWith(prefix));
    },

    /** Counts the clicks that come to an element, in an object. */
    countClicks(target) {
      const clicks = { count: 0 };
      target.addEventListener("click", () => (clicks.count += 1), { capture: true });
      return clicks;
    },

    /** Where a node is drawn on the page, once it was brought into the middle. */
    async boxOf(type) {
      const { ds, canvas } = app.canvas;
      const node = nodeOf(type);
      app.canvas.deselectAll();
      ds.scale = 1;
      app.canvas.centerOnNode(node);
      redraw();
      for (let frame = 0; frame < 9; frame += 1) await nextFrame();
      const page = canvas.getBoundingClientRect();
      const [left, top, width, height] = node.boundingRect;
      const [x, y] = ds.convertOffsetToCanvas([left, top]);
      const margin = 12;
      return {
        x: page.left + x - margin,
        y: page.top + y - margin,
        width: width + 2 * margin,
        height: height + 2 * margin,
      };
    },

    /** Notes what a bar shows, in `window.batchLoopSeen`. */
    watchBar(bar) {
      window.batchLoopSeen = [];
      const note = () => window.batchLoopSeen.push(Number(bar.getAttribute("aria-valuenow")));
      new MutationObserver(note).observe(bar, { attributes: true });
    },

    /** Whether the panel has pictures, and those in sight are loaded. */
    arePicturesThere() {
      const pictures = [...document.querySelectorAll(".batch-loop-panel img")]
        .filter((each) => each.getBoundingClientRect().top < window.innerHeight);
      return pictures.length > 0 && pictures.every((each) => each.naturalWidth > 0);
    },

    /** Open an example as it is to be saved again. */
    async openExample(workflow) {
      await app.loadGraphData(workflow);
      for (const { type, comfyClass, properties } of app.graph._nodes) {
        // What Manager goes by when somebody opens the workflow without this pack.
        if (comfyClass) properties.cnr_id = type.startsWith("BatchLoop") ? "batch-loop" : "comfy-core";
        delete properties.ver;
      }
    },

    /** The workflow in API format, less what only widgets that the page itself adds have put in. */
    async prompt() {
      const { output } = await app.graphToPrompt();
      for (const { class_type: type, inputs } of Object.values(output)) {
        const { required, optional } = LiteGraph.registered_node_types[type].nodeData.input;
        for (const name of Object.keys(inputs)) {
          // Inputs that come and go are called by the one that they belong to, and a dot.
          if (!(name.split(".")[0] in { ...required, ...optional })) delete inputs[name];
        }
      }
      return output;
    },

    /** Show the whole workflow as large as it goes; returns where on the page it is. */
    async frameWorkflow(margin) {
      const nodes = app.graph._nodes;
      const boxes = [...app.graph._groups, ...nodes].map((item) => item.boundingRect);
      const left = Math.min(...boxes.map(([x]) => x)) - margin;
      const top = Math.min(...boxes.map(([, y]) => y)) - margin;
      const width = Math.max(...boxes.map(([x, , wide]) => x + wide)) + margin - left;
      const height = Math.max(...boxes.map(([, y, , high]) => y + high)) + margin - top;
      const { ds, canvas } = app.canvas;
      const page = canvas.getBoundingClientRect();
      ds.scale = Math.min(page.width / width, page.height / height);
      ds.offset = [-left, -top];
      app.canvas.deselectAll();
      await Promise.all(nodes.flatMap((node) => node.imgs ?? []).map((image) => image.decode()));
      // One frame draws the canvas, the next moves the texts, which lie over it, to their places.
      for (let frame = 0; frame < 3; frame += 1) {
        redraw();
        await nextFrame();
      }
      return { x: page.left, y: page.top, width: width * ds.scale, height: height * ds.scale };
    },

    /** Where on the page the Run button and its open menu are, once they stand still. */
    async frameMenu() {
      await Promise.all(document.getAnimations().map((animation) => animation.finished));
      const parts = [".actionbar-container", ".p-tieredmenu"];
      const boxes = parts.map((part) => document.querySelector(part).getBoundingClientRect());
      const x = Math.min(...boxes.map((box) => box.left));
      const y = Math.min(...boxes.map((box) => box.top));
      const right = Math.max(...boxes.map((box) => box.right));
      const bottom = Math.max(...boxes.map((box) => box.bottom));
      const shadow = 8;
      return { x, y, width: right - x, height: bottom - y + shadow };
    },
  });
})();
