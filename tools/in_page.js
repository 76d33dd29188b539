/** What the tools do and look at in ComfyUI's page. */
(() => {
  const nextFrame = () => new Promise(requestAnimationFrame);

  /** The smallest rectangle around some others. */
  const around = (boxes) => {
    const x = Math.min(...boxes.map((box) => box.x));
    const y = Math.min(...boxes.map((box) => box.y));
    const right = Math.max(...boxes.map((box) => box.x + box.width));
    const bottom = Math.max(...boxes.map((box) => box.y + box.height));
    return { x, y, width: right - x, height: bottom - y };
  };

  /** Show some nodes and groups in the middle of the canvas, at most at `largest`; returns where. */
  const frame = async (items, margin, largest) => {
    const box = around(
      items.map(({ boundingRect: [x, y, width, height] }) => ({ x, y, width, height })),
    );
    const [width, height] = [box.width + 2 * margin, box.height + 2 * margin];
    const { ds, canvas } = app.canvas;
    const page = canvas.getBoundingClientRect();
    ds.scale = Math.min(page.width / width, page.height / height, largest);
    const left = (page.width / ds.scale - width) / 2;
    const top = (page.height / ds.scale - height) / 2;
    ds.offset = [left + margin - box.x, top + margin - box.y];
    app.canvas.deselectAll();
    // The first frames draw the canvas, the next ones move the texts over it to their places.
    for (let count = 0; count < 9; count += 1) {
      app.canvas.setDirty(true, true);
      await nextFrame();
    }
    return {
      x: page.left + left * ds.scale,
      y: page.top + top * ds.scale,
      width: width * ds.scale,
      height: height * ds.scale,
    };
  };

  // The page's scripts run in no certain order.
  window.batchLoopTools = Object.assign(window.batchLoopTools ?? {}, {
    /** The types of the nodes on screen that begin with a prefix, each once. */
    nodeTypes(prefix) {
      const types = app.canvas.graph._nodes.map(({ type }) => type);
      return [...new Set(types)].filter((type) => type.startsWith(prefix));
    },

    /** Counts the clicks that an element receives, in an object. */
    countClicks(target) {
      const clicks = { count: 0 };
      target.addEventListener("click", () => (clicks.count += 1), { capture: true });
      return clicks;
    },

    /** Show a node in the middle of the canvas; returns where on the page it is. */
    frameNode: (type, margin) =>
      frame([app.canvas.graph._nodes.find((node) => node.type === type)], margin, 1),

    /** Records what a bar shows, in `window.batchLoopSeen`. */
    watchBar(bar) {
      window.batchLoopSeen = [];
      const note = () => window.batchLoopSeen.push(Number(bar.getAttribute("aria-valuenow")));
      new MutationObserver(note).observe(bar, { attributes: true });
    },

    /** Whether the bar has shown a value in this range. */
    hasBarShown(least, most) {
      return window.batchLoopSeen.some((value) => least <= value && value <= most);
    },

    /** Whether the panel has pictures, and the visible ones are loaded. */
    arePicturesThere() {
      const pictures = [...document.querySelectorAll(".batch-loop-panel img")]
        .filter((each) => each.getBoundingClientRect().top < window.innerHeight);
      return pictures.length > 0 && pictures.every((each) => each.naturalWidth > 0);
    },

    /** Whether each template that can be seen in the Templates window has its picture. */
    areTemplatesDrawn() {
      const cards = [...document.querySelectorAll("[data-testid^=template-workflow-]")].filter(
        (each) => {
          const { left, top, width } = each.getBoundingClientRect();
          return each.contains(document.elementFromPoint(left + width / 2, top + width / 4));
        },
      );
      const isDrawn = ({ complete, naturalWidth }) => complete && naturalWidth > 0;
      return cards.length > 0 && cards.every((each) => [...each.querySelectorAll("img")].some(isDrawn));
    },

    /** Open an example, ready to be saved again. */
    async openExample(workflow) {
      await app.loadGraphData(workflow);
      for (const { type, comfyClass, properties } of app.graph._nodes) {
        // What ComfyUI-Manager uses when somebody opens the workflow without this pack.
        if (comfyClass) properties.cnr_id = type.startsWith("BatchLoop") ? "batch-loop" : "comfy-core";
        delete properties.ver;
      }
    },

    /** The workflow in API format, without the inputs of widgets that the page itself adds. */
    async prompt() {
      const { output } = await app.graphToPrompt();
      for (const { class_type: type, inputs } of Object.values(output)) {
        const { required, optional } = LiteGraph.registered_node_types[type].nodeData.input;
        for (const name of Object.keys(inputs)) {
          // Dynamic inputs are named after the one that they belong to, with a dot.
          if (!(name.split(".")[0] in { ...required, ...optional })) delete inputs[name];
        }
      }
      return output;
    },

    /** Show the whole workflow as large as it fits; returns where on the page it is. */
    async frameWorkflow(margin) {
      const nodes = app.graph._nodes;
      await Promise.all(nodes.flatMap((node) => node.imgs ?? []).map((image) => image.decode()));
      return frame([...app.graph._groups, ...nodes], margin, Infinity);
    },

    /** Where on the page the Run button and its open menu are, once they stand still. */
    async frameMenu() {
      await Promise.all(document.getAnimations().map((animation) => animation.finished));
      const parts = [".actionbar-container", ".p-tieredmenu"];
      const box = around(parts.map((part) => document.querySelector(part).getBoundingClientRect()));
      const shadow = 8;
      return { ...box, height: box.height + shadow };
    },
  });
})();
