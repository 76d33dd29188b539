const LABEL = "Start over";
const LIFE_MS = 8_000;

/** The inputs that say which loop a Directory Iterator works on. */
const IDENTITY = ["directory", "loop_name"];

/** The Start over button of Directory Iterator. */
export class StartOver {
  #server;
  #toasts;
  /** What each node's last event said, and the widgets' values at that time. */
  #last = new WeakMap();

  constructor({ server, toasts }) {
    this.#server = server;
    this.#toasts = toasts;
  }

  /** Add the button to a node; returns its widget. */
  addButton(node) {
    // The two flags keep it out of the prompt (options) and of the saved workflow (the widget's).
    const button = node.addWidget("button", LABEL, null, () => this.press(node), {
      serialize: false,
    });
    button.serialize = false;
    button.tooltip = "Run the whole batch again: the next Run begins with the first image.";
    return button;
  }

  /** A node's iteration was of this loop. */
  remember(node, loop) {
    this.#last.set(node, { loop, ...identity(node) });
  }

  /** Start the node's loop over, and say how it went. */
  async press(node) {
    const which = whichLoop(node, this.#last.get(node));
    if (!which) {
      this.#say("info", "Run once first: which folder this is only shows when it runs.");
      return;
    }
    try {
      await this.#server.reset(which);
      this.#say("success", "Starts over with the first image at the next Run.");
    } catch (error) {
      this.#say("error", error.message);
    }
  }

  #say(severity, detail) {
    this.#toasts.show("start over", { severity, summary: LABEL, detail, life: LIFE_MS });
  }
}

/**
 * How to name the loop to the server: by what the node shows, or, where its inputs come from
 * other nodes, by what it ran last. Null when neither is known.
 */
export function whichLoop(node, last) {
  const now = identity(node);
  const linked = isLinked(node);
  if (last && (linked || IDENTITY.every((name) => last[name] === now[name]))) {
    return { loop: last.loop };
  }
  return linked ? null : now;
}

function identity(node) {
  return Object.fromEntries(
    IDENTITY.map((name) => [name, node.widgets?.find((widget) => widget.name === name)?.value ?? ""]),
  );
}

function isLinked(node) {
  return (node.inputs ?? []).some(
    (input, slot) => IDENTITY.includes(input.name) && node.isInputConnected(slot),
  );
}
