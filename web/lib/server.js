/**
 * @import { Api } from "../../types/comfyui.d.ts"
 * @import { Arrived, Chooser, Chosen, Folder, FolderSettings, Folders, Items, Listed, Loop,
 *   Which } from "../../types/server.d.ts"
 */

const LOOPS = "/batch_loop/loops";

/** Raised when the server refuses a request; the message is the server's own. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    /** Of the HTTP answer. */
    this.status = status;
  }
}

/** The pack's routes on the ComfyUI server. */
export class LoopServer {
  #api;

  /** @param {Api} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * The states of those of some loops that the server knows.
   *
   * @param {string[]} ids
   * @returns {Promise<Loop[]>}
   */
  async loopsOf(ids) {
    const query = new URLSearchParams(ids.map((id) => ["loop", id]));
    const { loops } = await this.#ask(`${LOOPS}?${query}`);
    return loops;
  }

  /**
   * Every loop in short, the one that ran last first.
   *
   * @returns {Promise<Listed>}
   */
  async loops() {
    return this.#ask(LOOPS);
  }

  /**
   * Some of a loop's images, in the order of the batch.
   *
   * @param {string} id
   * @param {{ start?: number, count?: number, state?: "failed" }} [which]
   * @returns {Promise<Items>}
   */
  async items(id, { start = 0, count = 100, state } = {}) {
    const query = new URLSearchParams({ start: `${start}`, count: `${count}` });
    if (state) query.set("state", state);
    return this.#ask(`${routeOf(id)}/items?${query}`);
  }

  /**
   * The address of a small picture of an image; with `output`, of that result of it.
   *
   * @param {string} id
   * @param {string} path - in the folder
   * @param {{ output?: number, size?: number }} [which]
   */
  thumbnail(id, path, { output, size } = {}) {
    const query = new URLSearchParams({ path });
    if (output !== undefined) query.set("output", `${output}`);
    if (size !== undefined) query.set("size", `${size}`);
    return this.#api.apiURL(`${routeOf(id)}/thumbnail?${query}`);
  }

  /**
   * The address of a loop's report.
   *
   * @param {string} id
   * @param {"json" | "csv"} kind
   */
  report(id, kind) {
    return this.#api.apiURL(`${routeOf(id)}/report.${kind}`);
  }

  /**
   * Start a loop over.
   *
   * @param {Which} which
   * @returns {Promise<Loop>}
   */
  async reset(which) {
    return this.#post(`${LOOPS}/reset`, which);
  }

  /**
   * Have the failed images of a loop taken again at the next runs.
   *
   * @param {Which} which
   * @returns {Promise<Loop>}
   */
  async retry(which) {
    return this.#post(`${LOOPS}/retry`, which);
  }

  /**
   * Give up the image that a run stopped on.
   *
   * @param {string} loop
   * @param {string} path - in the folder
   * @returns {Promise<Loop>}
   */
  async skip(loop, path) {
    return this.#post(`${LOOPS}/skip`, { loop, path });
  }

  /**
   * Forget a loop, and all that is known of it.
   *
   * @param {string} loop
   * @returns {Promise<{ forgotten: string }>}
   */
  async forget(loop) {
    return this.#post(`${LOOPS}/forget`, { loop });
  }

  /**
   * Whether new images have come to a loop, and are whole.
   *
   * @param {string} loop
   * @returns {Promise<Arrived>}
   */
  async watch(loop) {
    return this.#post(`${LOOPS}/watch`, { loop });
  }

  /**
   * What a folder holds under Directory Iterator's settings.
   *
   * @param {FolderSettings} settings
   * @returns {Promise<Folder>}
   */
  async folder(settings) {
    return this.#post("/batch_loop/folder", settings);
  }

  /**
   * The folders below an allowed one; below "" are the allowed ones.
   *
   * @param {string} path
   * @returns {Promise<Folders>}
   */
  async folders(path) {
    return this.#post("/batch_loop/folders/list", { path });
  }

  /**
   * Whether the operating system's dialog can be opened for this page.
   *
   * @returns {Promise<Chooser>}
   */
  async chooser() {
    return this.#ask("/batch_loop/folders/chooser");
  }

  /**
   * Open the operating system's dialog, and wait for what a person chooses there.
   *
   * @param {string} [start] - the folder to begin in
   * @returns {Promise<Chosen>}
   */
  async choose(start) {
    return this.#post("/batch_loop/folders/choose", start ? { start } : {});
  }

  /**
   * @param {string} route
   * @param {object} body
   */
  async #post(route, body) {
    return this.#ask(route, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /**
   * @param {string} route
   * @param {RequestInit} [options]
   */
  async #ask(route, options) {
    const response = await this.#api.fetchApi(route, options);
    // ComfyUI itself answers some errors in plain text.
    const body = await response.json().catch(() => ({}));
    if (!response.ok) {
      const status = `${response.status} ${response.statusText}`;
      throw new Refused(body.error ?? status, response.status);
    }
    return body;
  }
}

/** @param {string} id */
function routeOf(id) {
  return `${LOOPS}/${encodeURIComponent(id)}`;
}
