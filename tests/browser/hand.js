/** Where on ComfyUI's page the parts of nodes are that a hand takes hold of. */
(() => {
  const MARGIN = 130;  // ComfyUI and this pack have bars and messages at the edges
  const nodeOf = (type) => app.canvas.graph._nodes.find((node) => node.type === type);
  const drawnOf = ({ id }) => document.querySelector(`.lg-node[data-node-id="${id}"]`);
  const nextFrame = () => new Promise(requestAnimationFrame);

  /** Wait until what `look` returns is the same in four frames in a row. */
  const standing = async (look) => {
    let seen = "";
    for (let same = 0; same < 4; ) {
      app.canvas.setDirty(true, true);
      await nextFrame();
      const now = JSON.stringify(look());
      same = now === seen ? same + 1 : 0;
      seen = now;
    }
  };

  /** Move the canvas so that a part of it, in canvas units, is in the middle, and all in view. */
  const show = ({ left, top, right, bottom }) => {
    const { ds, canvas } = app.canvas;
    const { width, height } = canvas.getBoundingClientRect();
    const [across, down] = [(width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top)];
    ds.scale = Math.min(1, across, down);
    ds.offset = [
      width / 2 / ds.scale - (left + right) / 2,
      height / 2 / ds.scale - (top + bottom) / 2,
    ];
  };

  /** A place on the canvas, in pixels of the page. */
  const onPage = (place) => {
    const { left, top } = app.canvas.canvas.getBoundingClientRect();
    const [x, y] = app.canvas.ds.convertOffsetToCanvas([...place]);
    return [left + x, top + y];
  };

  const middleOf = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };

  const boxOf = (node) => {
    const drawn = drawnOf(node);
    const height = drawn ? drawn.offsetHeight - LiteGraph.NODE_TITLE_HEIGHT : node.size[1];
    return {
      left: node.pos[0],
      top: node.pos[1] - LiteGraph.NODE_TITLE_HEIGHT,
      right: node.pos[0] + Math.max(node.size[0], drawn?.offsetWidth ?? 0),
      bottom: node.pos[1] + height,
    };
  };

  const around = (boxes) => ({
    left: Math.min(...boxes.map(({ left }) => left)),
    top: Math.min(...boxes.map(({ top }) => top)),
    right: Math.max(...boxes.map(({ right }) => right)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
  });

  const slotAt = (node, isInput, slot) => {
    const drawn = drawnOf(node);
    if (!drawn) return onPage(node.getConnectionPos(isInput, slot));
    const isOurs = ({ dataset: { slotKey } }) => {
      const [, way, place] = /-(in|out)-(\d+)$/.exec(slotKey);
      return (way === "in") === isInput && Number(place) === slot;
    };
    const dot = [...drawn.querySelectorAll("[data-slot-key]")].find(isOurs);
    return dot ? middleOf(dot) : null;
  };

  const widgetOf = (type, name) => nodeOf(type).widgets.find((widget) => widget.name === name);

  /** The row of a widget in Nodes 2.0; undefined in the classic canvas. */
  const rowOf = (type, name) => {
    const { label = name } = widgetOf(type, name);
    const rows = [...(drawnOf(nodeOf(type))?.querySelectorAll(".lg-node-widget") ?? [])];
    const names = [name, label];
    return rows.find((row) => {
      const fields = [...row.querySelectorAll("input, textarea")];
      const said = [row.innerText.trim().split("\n")[0], ...fields.flatMap((each) => [each.ariaLabel, each.placeholder])];
      return said.some((each) => names.includes(each));
    });
  };

  /** What is typed into; undefined if ComfyUI opens a field of its own for that. */
  const fieldOf = (type, name) => {
    const row = rowOf(type, name);
    if (row) return row.querySelector("input, textarea");
    const { element } = widgetOf(type, name);
    return element?.matches("textarea") ? element : element?.querySelector("textarea");
  };

  // A page's scripts run in no particular order.
  window.batchLoopTools = Object.assign(window.batchLoopTools ?? {}, {
    /** Move the canvas so that there is room right of all nodes; returns a place there. */
    async roomForNode() {
      const right = Math.max(0, ...app.graph._nodes.map((node) => boxOf(node).right));
      const { ds, canvas } = app.canvas;
      const { width } = canvas.getBoundingClientRect();
      ds.scale = 1;
      ds.offset = [width / 2 - right - 300, 200];
      await standing(() => ds.offset);
      return onPage([right + 300, 0]);
    },

    /** Where on the page an output of a node and an input of another are, in view. */
    async slotsOf(from, output, to, input) {
      const [source, target] = [nodeOf(from), nodeOf(to)];
      const out = source.outputs.findIndex(({ name }) => name === output);
      const into = target.inputs.findIndex(({ name }) => name === input);
      show(around([boxOf(source), boxOf(target)]));
      const look = () => [slotAt(source, false, out), slotAt(target, true, into)];
      await standing(look);
      return look();
    },

    /** Whether an input of a node is linked to an output of another. */
    areLinked(from, output, to, input) {
      const target = nodeOf(to);
      const slot = target.inputs.findIndex(({ name }) => name === input);
      const link = target.getInputLink(slot);
      const source = nodeOf(from);
      return String(link?.origin_id) === String(source.id) && source.outputs[link.origin_slot].name === output;
    },

    /** Where on the page a node's widget is, in view; of one with a menu, what opens that. */
    async widgetAt(type, name) {
      const node = nodeOf(type);
      show(boxOf(node));
      app.canvas.ds.scale = 1;
      const { ds, canvas } = app.canvas;
      const half = (side) => canvas.getBoundingClientRect()[side] / 2;
      const look = () => {
        const row = rowOf(type, name);
        const parts = ["[role=combobox]", "[role=switch]", "input", "textarea", "button"];
        const element = row && (parts.map((part) => row.querySelector(part)).find(Boolean) ?? row);
        if (element) return middleOf(element);
        const { last_y: down, y, element: own } = widgetOf(type, name);
        if (own) return middleOf(own);
        const place = [node.size[0] / 2, (down ?? y) + LiteGraph.NODE_WIDGET_HEIGHT / 2];
        return onPage([node.pos[0] + place[0], node.pos[1] + place[1]]);
      };
      await standing(look);
      const { left, top } = canvas.getBoundingClientRect();
      const [x, y] = look();
      ds.offset[0] += left + half("width") - x;
      ds.offset[1] += top + half("height") - y;
      await standing(look);
      return look();
    },

    /** See above. */
    fieldOf,

    /** Whether a node's widget has this value. */
    hasValue: (type, name, value) => String(widgetOf(type, name).value) === String(value),

    /** Mark a node's card, so that it can be told from those of other nodes. */
    markCard(type) {
      const { element } = widgetOf(type, "batch_loop_card");
      element.dataset.nodeType = type;
    },
  });
})();
