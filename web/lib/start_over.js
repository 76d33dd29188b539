import { Refused } from "./server.js";

const LABEL = "Start over";
const LIFE_MS = 8_000;

/** The inputs that say which loop a Directory Iterator works on. */
const IDENTITY = ["directory", "loop_name"];

/** The Start over button of Directory Iterator. */
export class StartOver {
  #server;
  #toasts;
  /** The loop that each node worked on last. */
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

  /** A node worked on this loop. */
  remember(node, loop) {
    this.#last.set(node, loop);
  }

  /** Start the node's loop over, and say how it went. */
  async press(node) {
    const which = whichLoop(node, this.#last.get(node));
    if (!which) {
      this.#say("info", "Run once first: which folder this is only shows when it runs.");
      return;
    }
    try {
      const { directory } = await this.#server.reset(which);
      this.#say("success", `${directory}\nStarts over with the first image at the next Run.`);
    } catch (error) {
      this.#say(error instanceof Refused ? "warn" : "error", error.message);
    }
  }

  #say(severity, detail) {
    this.#toasts.show("start over", { severity, summary: LABEL, detail, life: LIFE_MS });
  }
}

/**
 * How to name the loop to the server: by what the node shows or, where that comes from other
 * nodes, by the loop it worked on last. Null when that is not known either: a guess could start
 * another folder over.
 */
export function whichLoop(node, last) {
  if (isLinked(node)) return last ? { loop: last } : null;
  return Object.fromEntries(
    IDENTITY.map((name) => [name, node.widgets.find((widget) => widget.name === name).value]),
  );
}

function isLinked(node) {
  return (node.inputs ?? []).some(
    (input, slot) => IDENTITY.includes(input.name) && node.isInputConnected(slot),
  );
}
