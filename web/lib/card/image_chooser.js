import { attributed, button, element, setText } from "../dom.js";
import { explained } from "../errors.js";
import { sourceOfType } from "../iterators.js";
import { t, textsFor } from "../texts.js";

/**
 * @import { ItemSettings } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 */

/** Size of the thumbnails in px, sharp on a screen with a pixel ratio of 2. */
const THUMBNAIL_SIZE = 96;

const MOVES = { ArrowDown: 1, ArrowUp: -1 };

/** A window for choosing one of a folder's images, to try the workflow on it. */
export class ImageChooser {
  #server;
  #settings;
  #say;
  #field = attributed(document.createElement("input"), {
    type: "search",
    class: "batch-loop-browser-field",
    placeholder: t("run.which.filter"),
    "aria-label": t("run.which.filter"),
  });
  #images = element("ul", "browser-folders");
  #status = attributed(element("p", "browser-status"), { role: "status" });
  #wanted = 0;
  #dialog;

  /**
   * @param {object} given
   * @param {Pick<LoopServer, "images" | "thumbnail">} given.server
   * @param {ItemSettings} given.settings - of the iterator
   */
  constructor({ server, settings }) {
    this.#server = server;
    this.#settings = settings;
    this.#say = textsFor(sourceOfType("iterator" in settings ? settings.iterator : undefined));
    this.#dialog = this.#build();
  }

  /** Show the window; resolves to the path of the chosen image, or null if it was closed. */
  async choose() {
    const before = document.activeElement;
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#field.focus();
    const closed = new Promise((resolve) => this.#dialog.addEventListener("close", resolve));
    this.#list();
    await closed;
    this.#dialog.remove();
    if (before instanceof HTMLElement) before.focus();
    return this.#dialog.returnValue || null;
  }

  #build() {
    const title = element("h2", "browser-title", this.#say("run.which.label"));
    title.id = "batch-loop-images-title";
    const cancel = button("button", t("browser.cancel"), () => this.#dialog.close(""));
    const dialog = element(
      "dialog",
      "browser",
      title,
      this.#field,
      this.#images,
      this.#status,
      element("div", "browser-buttons", cancel),
    );
    attributed(dialog, { "aria-labelledby": title.id });
    this.#field.addEventListener("input", () => this.#list());
    dialog.addEventListener("keydown", (event) => this.#pressed(event));
    return dialog;
  }

  /** Show the images whose names contain what is typed. */
  async #list() {
    const wanted = (this.#wanted += 1);
    try {
      const { loop, images, more, next } = await this.#server.images(
        this.#settings,
        this.#field.value.trim(),
      );
      if (wanted !== this.#wanted) return;
      this.#images.replaceChildren(...images.map((path) => this.#line(loop, path, path === next)));
      const none = images.length === 0 && this.#say("run.which.none");
      setText(this.#status, (more && this.#say("run.which.more", { shown: images.length })) || none || "");
    } catch (error) {
      if (wanted === this.#wanted) setText(this.#status, explained(error));
    }
  }

  /**
   * @param {string} loop
   * @param {string} path
   * @param {boolean} isNext - whether the batch takes it next
   */
  #line(loop, path, isNext) {
    const picture = document.createElement("img");
    attributed(picture, { alt: "", loading: "lazy", class: "batch-loop-thumbnail" });
    picture.src = this.#server.thumbnail(loop, path, { size: THUMBNAIL_SIZE });
    picture.addEventListener("error", () => (picture.style.visibility = "hidden"));
    const name = element("span", "browser-name", path);
    const choose = button("browser-folder batch-loop-browser-image", "", () =>
      this.#dialog.close(path),
    );
    choose.append(picture, name, ...(isNext ? [element("span", "browser-next", t("run.which.next"))] : []));
    return element("li", "browser-line", choose);
  }

  /**
   * Arrow keys go through the images; Enter in the field takes the first.
   *
   * @param {KeyboardEvent} event
   */
  #pressed(event) {
    // Keys in the window must not trigger ComfyUI's shortcuts for the workflow behind it.
    event.stopPropagation();
    const all = [...this.#images.querySelectorAll("button")];
    if (event.key === "Enter" && event.target === this.#field) {
      event.preventDefault();
      all[0]?.click();
    }
    const move = MOVES[/** @type {keyof MOVES} */ (event.key)];
    if (!move) return;
    event.preventDefault();
    const at = all.findIndex((each) => each === document.activeElement) + move;
    (at < 0 ? this.#field : all[Math.min(at, all.length - 1)])?.focus();
  }
}
