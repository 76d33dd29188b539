import { element } from "../dom.js";

/** One picture of a stage; until it has been loaded, its thumbnail is in its place. */
export class Layer {
  element;
  #image = document.createElement("img");
  #address = "";

  /** @param {string} name - its class, without the pack's prefix */
  constructor(name) {
    this.#image.draggable = false;
    this.element = element("div", `viewer-layer batch-loop-viewer-${name}`, this.#image);
  }

  /**
   * Show a picture, or nothing.
   *
   * @param {{ address: string, thumbnail: string, description: string } | null} picture
   */
  show(picture) {
    this.element.hidden = !picture;
    const address = picture?.address ?? "";
    if (picture) this.#image.alt = picture.description;
    if (address === this.#address) return;
    this.#address = address;
    this.element.style.backgroundImage = picture ? `url("${picture.thumbnail}")` : "";
    this.#is(picture ? "loading" : "none");
    // Without an address, a browser stops loading the one before.
    if (address) this.#load(address);
    else this.#image.removeAttribute("src");
  }

  /**
   * Show only what is to the right of a place.
   *
   * @param {number} x - in the picture's own CSS px
   */
  cutAt(x) {
    this.element.style.clipPath = x > 0 ? `inset(0 0 0 ${x}px)` : "";
  }

  /**
   * Show only what is to the left of a place, so that nothing of it is behind a transparent one.
   *
   * @param {number} right - in the picture's own CSS px, from its right edge
   */
  cutAfter(right) {
    this.element.style.clipPath = right > 0 ? `inset(0 ${right}px 0 0)` : "";
  }

  /** @param {string} address */
  async #load(address) {
    this.#image.src = address;
    // Not when it has been loaded: a large one takes a while to be drawn after that.
    const state = await this.#image.decode().then(
      () => "there",
      () => "broken",
    );
    if (address === this.#address) this.#is(state);
  }

  /** @param {string} state */
  #is(state) {
    this.element.dataset.state = state;
    if (state === "there") this.element.style.backgroundImage = "";
  }
}
