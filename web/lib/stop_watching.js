const LABEL = "Stop watching";
/** Between two widgets, in the canvas's units. */
const GAP = 4;

/** The Stop watching button of Directory Iterator, there only while its folder is watched. */
export class StopWatching {
  #pressed;
  #buttons = new WeakMap();
  /** The nodes whose button is shown, with the height that they had before. */
  #shown = new Map();

  /** `pressed` is called when a person presses the button. */
  constructor(pressed) {
    this.#pressed = pressed;
  }

  /** Add the button, out of sight, to a node. */
  addButton(node) {
    const size = [...node.size];
    const button = node.addWidget("button", LABEL, null, () => this.#pressed(), {
      serialize: false,
    });
    button.serialize = false;
    button.tooltip = "New images in the folder are no longer processed by themselves.";
    this.#buttons.set(node, button);
    setHidden(button, true);
    node.setSize(size); // it had grown to make room
  }

  /** Show the button of a node. */
  show(node) {
    const button = this.#buttons.get(node);
    if (!button || this.#shown.has(node)) return;
    this.#shown.set(node, node.size[1]);
    setHidden(button, false);
    setHeight(node, Math.max(node.size[1], node.computeSize()[1]));
  }

  /** Hide every button. */
  hide() {
    for (const [node, height] of this.#shown) {
      setHidden(this.#buttons.get(node), true);
      setHeight(node, height);
    }
    this.#shown.clear();
  }
}

function setHidden(button, hidden) {
  // The one is read by the canvas, the other by Nodes 2.0.
  button.hidden = hidden;
  button.options.hidden = hidden;
  // The canvas makes room for hidden widgets too, with a gap after each.
  if (hidden) button.computeSize = () => [0, -GAP];
  else delete button.computeSize;
}

function setHeight(node, height) {
  node.setSize([node.size[0], height]);
  node.graph?.setDirtyCanvas(true, true);
}
