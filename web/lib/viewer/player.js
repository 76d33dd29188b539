import { attributed, element } from "../dom.js";

/**
 * @typedef {object} Played - a film or a sound
 * @property {"video" | "audio"} as
 * @property {string} address
 * @property {string} picture - the address of a still one
 * @property {string} description
 */

/** Plays a film or a sound, and tells what the browser cannot play. */
export class Player {
  element = element("div", "viewer-player");
  #told;
  #address = "";
  /** @type {HTMLMediaElement | null} */
  #media = null;

  /**
   * @param {object} told
   * @param {() => void} told.played - called when it begins to play
   * @param {(address: string) => void} told.refused - called when the browser cannot play something
   */
  constructor(told) {
    this.#told = told;
    this.element.hidden = true;
  }

  /**
   * Offer to play something. What was played before stops; the same goes on.
   *
   * @param {Played | null} played
   */
  show(played) {
    this.element.hidden = !played;
    if (played?.address === this.#address) return;
    this.#unload();
    if (played) this.#load(played);
  }

  /** Play, or pause. */
  toggle() {
    const media = this.#media;
    if (!media) return;
    if (media.paused) media.play().catch(() => {}); // what cannot be played has an event of its own
    else media.pause();
  }

  /** Pause. */
  pause() {
    this.#media?.pause();
  }

  /** @param {Played} played */
  #load({ as, address, picture, description }) {
    /** @type {HTMLMediaElement} */
    const media = attributed(document.createElement(as), {
      controls: "",
      preload: "metadata",
      tabindex: 0,
      "aria-label": description,
    });
    this.#address = address;
    this.#media = media;
    const refuse = () => address === this.#address && this.#told.refused(address);
    media.addEventListener("error", refuse);
    // Of a film of which it knows only the sound, a browser plays that.
    media.addEventListener("loadedmetadata", () => isWithoutPicture(media) && refuse());
    media.addEventListener("play", () => this.#told.played());
    // With the focus in it, keys are the player's own; elsewhere they go to another image.
    media.addEventListener("keydown", (event) => isOwn(event) && event.stopPropagation());
    if (media instanceof HTMLVideoElement) media.poster = picture;
    else this.element.append(pictureOf(picture));
    this.element.append(media);
    media.src = address;
  }

  /** Without an address, a browser stops loading, and playing. */
  #unload() {
    const media = this.#media;
    this.#media = null;
    this.#address = "";
    media?.pause();
    media?.removeAttribute("src");
    media?.load();
    this.element.replaceChildren();
  }
}

/** @param {HTMLMediaElement} media */
function isWithoutPicture(media) {
  return media instanceof HTMLVideoElement && media.videoWidth === 0;
}

/** @param {KeyboardEvent} event */
function isOwn({ key }) {
  return key !== "Escape" && key !== "Tab";
}

/** @param {string} address - of a picture that says nothing of its own */
function pictureOf(address) {
  const image = document.createElement("img");
  image.alt = "";
  image.draggable = false;
  image.src = address;
  return image;
}
