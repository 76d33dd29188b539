/** @import { Node, Widget } from "../../types/comfyui.d.ts" */

/**
 * Trying the workflow on one image, which counts nothing.
 *
 * The widget of Directory Iterator's card, which is in no other prompt, says so to the server: its
 * value is the path of the image to try, or "" for the next. With Run (On Change) every prompt is
 * a trial, as each is one of many attempts at a setting.
 */
export class Trial {
  #isOnChange;
  /**
   * The trial that is asked for, until its prompt is made, and the widgets that are in that.
   *
   * @type {{ node: Node, path: string, widgets: Set<Widget> } | null}
   */
  #asked = null;

  /** @param {{ isOnChange: () => boolean }} given - whether Run (On Change) is chosen */
  constructor({ isOnChange }) {
    this.#isOnChange = isOnChange;
  }

  /** Whether the prompt that is sent next is a trial. */
  get #isOn() {
    return this.#asked !== null || this.#isOnChange();
  }

  /**
   * Have the widget of a Directory Iterator's card tell the server.
   *
   * @param {Node} node
   * @param {Widget} widget
   */
  use(node, widget) {
    widget.serializeValue = () => {
      // Once only: a workflow that is exported afterwards is that of the batch.
      widget.options.serialize = false;
      const path = this.#asked?.path ?? "";
      if (!path || this.#asked?.node === node) return { try_image: path };
      // Of a pair, the server finds what goes with the image. ComfyUI must not take what it has of
      // another trial, so the prompt differs here as well.
      return { try_image: "", beside: path };
    };
  }

  /**
   * A prompt is about to be sent, with this widget in it if it is a trial.
   *
   * @param {Widget} widget
   */
  sending(widget) {
    // Each widget is in a prompt once: this is the next one, of a Run that was pressed meanwhile.
    if (this.#asked?.widgets.has(widget)) this.#asked = null;
    this.#asked?.widgets.add(widget);
    widget.options.serialize = this.#isOn;
  }

  /**
   * Send one prompt as a trial.
   *
   * @param {Node} node - the Directory Iterator
   * @param {string} path - of the image, relative to the folder; "" for the next
   * @param {() => Promise<unknown>} send - resolves once it is sent
   */
  async run(node, path, send) {
    const asked = { node, path, widgets: new Set() };
    this.#asked = asked;
    try {
      await send();
    } finally {
      if (this.#asked === asked) this.#asked = null;
    }
  }
}
