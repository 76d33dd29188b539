/** What `make_examples.py` does inside of ComfyUI's page. */
window.batchLoopExamples = {
  /** Open a workflow, and wait until all of it is there. */
  async open(workflow) {
    await app.loadGraphData(workflow);
    for (const node of app.graph._nodes) {
      // What Manager goes by when somebody opens the workflow without this pack.
      const pack = node.type.startsWith("BatchLoop") ? "batch-loop" : "comfy-core";
      if (node.comfyClass) node.properties.cnr_id = pack;
      delete node.properties.ver;
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
      app.canvas.setDirty(true, true);
      await new Promise(requestAnimationFrame);
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
};
