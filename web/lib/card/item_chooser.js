import { attributed, button, element, setText } from "../dom.js";
import { explained } from "../errors.js";
import { clock } from "../figures.js";
import { isFrame, isRow } from "../items.js";
import { sourceOfType } from "../iterators.js";
import { textsFor } from "../texts.js";
import { Tile } from "../tile.js";

/**
 * @import { FoundItem, FoundItems, ItemSettings } from "../../../types/server.d.ts"
 * @import { LoopServer } from "../server.js"
 */

/** Size of the thumbnails in px, sharp on a screen with a pixel ratio of 2. */
const THUMBNAIL_SIZE = 96;

const MOVES = { ArrowDown: 1, ArrowUp: -1 };

/** A window for choosing one of an iterator's items, to try the workflow on it. */
export class ItemChooser {
  #server;
  #settings;
  #say;
  #field = attributed(document.createElement("input"), { type: "search", class: "batch-loop-browser-field" });
  #items = element("ul", "browser-folders");
  #more;
  #status = attributed(element("p", "browser-status"), { role: "status" });
  /** The place from which there are more; null if there are none. @type {number | null} */
  #moreFrom = null;
  #wanted = 0;
  #dialog;

  /**
   * @param {object} given
   * @param {Pick<LoopServer, "itemsToTry" | "thumbnail">} given.server
   * @param {ItemSettings} given.settings - of the iterator
   */
  constructor({ server, settings }) {
    this.#server = server;
    this.#settings = settings;
    this.#say = textsFor(sourceOfType(settings.iterator));
    this.#more = button("button", this.#say("run.which.more"), () => this.#list(this.#moreFrom ?? 0));
    this.#dialog = this.#build();
  }

  /** Show the window; resolves to the path of the chosen item, or null if it was closed. */
  async choose() {
    const before = document.activeElement;
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#field.focus();
    const closed = new Promise((resolve) => this.#dialog.addEventListener("close", resolve));
    this.#list();
    await closed;
    this.#wanted += 1; // an answer that comes now is of no use
    this.#dialog.remove();
    if (before instanceof HTMLElement) before.focus();
    return this.#dialog.returnValue || null;
  }

  #build() {
    const title = element("h2", "browser-title", this.#say("run.which.label"));
    title.id = "batch-loop-items-title";
    const words = this.#say("run.which.filter");
    attributed(this.#field, { placeholder: words, "aria-label": words });
    const cancel = button("button", this.#say("browser.cancel"), () => this.#dialog.close(""));
    const buttons = element("div", "browser-buttons", this.#more, cancel);
    const dialog = element("dialog", "browser", title, this.#field, this.#items, this.#status, buttons);
    attributed(dialog, { "aria-labelledby": title.id });
    this.#more.hidden = true;
    this.#field.addEventListener("input", () => this.#list());
    dialog.addEventListener("keydown", (event) => this.#pressed(event));
    return dialog;
  }

  /**
   * Show the items that are meant by what is typed.
   *
   * @param {number} [start] - the place from which more are shown; 0 for the first ones
   */
  async #list(start = 0) {
    const wanted = (this.#wanted += 1);
    this.#more.disabled = true;
    try {
      const found = await this.#found(start, () => wanted === this.#wanted);
      if (wanted === this.#wanted) this.#show(found, start > 0);
    } catch (error) {
      if (wanted === this.#wanted) setText(this.#status, explained(error));
    } finally {
      if (wanted === this.#wanted) this.#more.disabled = false;
    }
  }

  /**
   * Of a very large table, the server looks at a part at a time.
   *
   * @param {number} start
   * @param {() => boolean} isWanted - whether what is typed is still the same
   */
  async #found(start, isWanted) {
    const contains = this.#field.value.trim();
    let found = await this.#server.itemsToTry(this.#settings, { contains, start });
    while (found.items.length === 0 && found.more_from !== null && isWanted()) {
      found = await this.#server.itemsToTry(this.#settings, { contains, start: found.more_from });
    }
    return found;
  }

  /**
   * @param {FoundItems} found
   * @param {boolean} isMore - whether those that are shown stay
   */
  #show(found, isMore) {
    const lines = found.items.map((item) => this.#line(found, item));
    if (isMore) this.#items.append(...lines);
    else this.#items.replaceChildren(...lines);
    if (isMore) lines[0]?.querySelector("button")?.focus();
    this.#moreFrom = found.more_from;
    this.#more.hidden = found.more_from === null;
    setText(this.#status, this.#items.children.length ? "" : this.#say("run.which.none"));
  }

  /**
   * @param {FoundItems} found
   * @param {FoundItem} item
   */
  #line({ loop, next, fps }, item) {
    const choose = button("browser-folder batch-loop-browser-image", "", () => this.#dialog.close(item.path));
    choose.append(this.#picture(loop, item), element("span", "browser-name", item.title));
    const time = timeOf(item, fps);
    if (time) choose.append(element("span", "browser-time", time));
    if (item.path === next) choose.append(element("span", "browser-next", this.#say("run.which.next")));
    return element("li", "browser-line", choose);
  }

  /**
   * @param {string} loop
   * @param {FoundItem} item
   */
  #picture(loop, item) {
    if (isRow(item)) {
      const tile = new Tile("thumbnail");
      tile.show(item);
      return tile.element;
    }
    const picture = document.createElement("img");
    attributed(picture, { alt: "", loading: "lazy", class: "batch-loop-thumbnail" });
    picture.src = this.#server.thumbnail(loop, item.path, { size: THUMBNAIL_SIZE });
    picture.addEventListener("error", () => (picture.style.visibility = "hidden"));
    return picture;
  }

  /**
   * Arrow keys go through the items; Enter in the field takes the first.
   *
   * @param {KeyboardEvent} event
   */
  #pressed(event) {
    // Keys in the window must not trigger ComfyUI's shortcuts for the workflow behind it.
    event.stopPropagation();
    const all = [...this.#items.querySelectorAll("button")];
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

/**
 * When a frame is shown, as a time such as 1:23.40; empty of other items, and if it is not known.
 *
 * @param {FoundItem} item
 * @param {number} fps - frames a second; 0 if unknown
 */
export function timeOf(item, fps) {
  const number = isFrame(item) && fps ? /_(\d+)(?: · .*)?$/.exec(item.title) : null;
  return number ? clock(Number(number[1]) / fps) : "";
}
