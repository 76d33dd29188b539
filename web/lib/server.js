import { queryOf, Requests } from "./requests.js";

/**
 * @import { Api } from "../../types/comfyui.d.ts"
 * @import { Arrived, Chooser, Chosen, Files, Folder, FoundItems, ItemSettings, Folders, Items,
 *   Listed, Loop, Table, TableSettings, View, Which } from "../../types/server.d.ts"
 *
 * @typedef {object} WhichPicture - of an item; by default, its own
 * @property {number} [output] - the result with this index
 * @property {number} [frame] - of a window of frames, the one with this number in the film
 */

const LOOPS = "/batch_loop/loops";

/** The pack's routes on the ComfyUI server. */
export class LoopServer {
  #api;
  #requests;

  /** @param {Api} api */
  constructor(api) {
    this.#api = api;
    this.#requests = new Requests(api);
  }

  /**
   * How long it is until a time of the server's clock, in ms.
   *
   * @param {number} until - in seconds since the epoch
   */
  timeTo(until) {
    return this.#requests.timeTo(until);
  }

  /**
   * The states of these loops, without those that the server does not know.
   *
   * @param {string[]} ids
   * @returns {Promise<Loop[]>}
   */
  async loopsOf(ids) {
    const query = new URLSearchParams(ids.map((id) => ["loop", id]));
    const { loops } = await this.#requests.get(`${LOOPS}?${query}`);
    return loops;
  }

  /**
   * All loops in short, the most recently run first.
   *
   * @returns {Promise<Listed>}
   */
  async loops() {
    return this.#requests.get(LOOPS);
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
    return this.#requests.get(`${routeOf(id)}/items?${query}`);
  }

  /**
   * The URL of an image's thumbnail.
   *
   * @param {string} id
   * @param {string} path - relative to the folder
   * @param {WhichPicture & { size?: number }} [which]
   */
  thumbnail(id, path, which) {
    return this.#api.apiURL(`${routeOf(id)}/thumbnail?${queryOf(path, which)}`);
  }

  /**
   * What is known of an image's file, and of its results' files.
   *
   * @param {string} id
   * @param {string} path - relative to the folder
   * @returns {Promise<Files>}
   */
  async files(id, path) {
    return this.#requests.get(`${routeOf(id)}/files?${new URLSearchParams({ path })}`);
  }

  /**
   * The URL of an image in full.
   *
   * @param {string} id
   * @param {string} path - relative to the folder
   * @param {WhichPicture} [which]
   */
  picture(id, path, which) {
    return this.#api.apiURL(`${routeOf(id)}/picture?${queryOf(path, which)}`);
  }

  /**
   * The URL of a film or a sound, to play it.
   *
   * @param {string} id
   * @param {string} path - relative to the folder
   * @param {WhichPicture} [which]
   */
  media(id, path, which) {
    return this.#api.apiURL(`${routeOf(id)}/media?${queryOf(path, which)}`);
  }

  /**
   * A result that is a text; without `output`, the text of a row.
   *
   * @param {string} id
   * @param {string} path - of the item
   * @param {number} [output]
   * @returns {Promise<string>}
   */
  async text(id, path, output) {
    return (await this.#requests.answer(`${routeOf(id)}/picture?${queryOf(path, { output })}`)).text();
  }

  /**
   * The URL of a loop's report.
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
    return this.#requests.post(`${LOOPS}/reset`, which);
  }

  /**
   * Take the last Start over of a loop back.
   *
   * @param {string} loop
   * @returns {Promise<Loop>}
   */
  async undoReset(loop) {
    return this.#requests.post(`${LOOPS}/undo_reset`, { loop });
  }

  /**
   * Retry the failed images of a loop in the next runs.
   *
   * @param {Which} which
   * @returns {Promise<Loop>}
   */
  async retry(which) {
    return this.#requests.post(`${LOOPS}/retry`, which);
  }

  /**
   * Skip the image that a run stopped on.
   *
   * @param {string} loop
   * @param {string} path - relative to the folder
   * @returns {Promise<Loop>}
   */
  async skip(loop, path) {
    return this.#requests.post(`${LOOPS}/skip`, { loop, path });
  }

  /**
   * Forget a loop and everything known about it.
   *
   * @param {string} loop
   * @returns {Promise<{ forgotten: string }>}
   */
  async forget(loop) {
    return this.#requests.post(`${LOOPS}/forget`, { loop });
  }

  /**
   * Whether new images have arrived for a loop and are complete.
   *
   * @param {string} loop
   * @returns {Promise<Arrived>}
   */
  async watch(loop) {
    return this.#requests.post(`${LOOPS}/watch`, { loop });
  }

  /**
   * Whether the folder of a loop is gone.
   *
   * @param {string} loop
   * @returns {Promise<{ gone: boolean }>}
   */
  async folderOf(loop) {
    return this.#requests.get(`${routeOf(loop)}/folder`);
  }

  /**
   * The items of a folder or a film under an iterator's settings.
   *
   * @param {Exclude<ItemSettings, TableSettings>} settings
   * @returns {Promise<Folder>}
   */
  async folder(settings) {
    return this.#requests.post("/batch_loop/folder", settings);
  }

  /**
   * The rows of a table under Row Iterator's settings.
   *
   * @param {TableSettings} settings
   * @returns {Promise<Table>}
   */
  async table(settings) {
    return this.#requests.post("/batch_loop/table", settings);
  }

  /**
   * The first items under an iterator's settings that are meant by a text, from a place on.
   *
   * @param {ItemSettings} settings
   * @param {{ contains: string, start: number }} which
   * @returns {Promise<FoundItems>}
   */
  async itemsToTry(settings, { contains, start }) {
    return this.#requests.post("/batch_loop/items", { ...settings, contains, start });
  }

  /**
   * The folders inside an allowed folder; for "", the allowed folders themselves.
   *
   * @param {string} path
   * @param {object} [how]
   * @param {boolean} [how.recursive] - whether to count the files of subfolders too
   * @param {"" | "tables" | "films"} [how.files] - which files to name
   * @param {string} [how.kind] - which files to count
   * @returns {Promise<Folders>}
   */
  async folders(path, { recursive = false, files = "", kind = "images" } = {}) {
    return this.#requests.post("/batch_loop/folders/list", { path, recursive, files, kind });
  }

  /**
   * Whether the operating system's dialog can be opened for this page.
   *
   * @returns {Promise<Chooser>}
   */
  async chooser() {
    return this.#requests.get("/batch_loop/folders/chooser");
  }

  /**
   * Open the operating system's dialog and wait for the choice.
   *
   * @param {string} [start] - the folder to start in
   * @returns {Promise<Chosen>}
   */
  async choose(start) {
    return this.#requests.post("/batch_loop/folders/choose", start ? { start } : {});
  }

  /**
   * The address of a picture of a Load Image's file, such as `clothes/img1.png [input]`.
   *
   * @param {string} file
   */
  inputPicture(file) {
    const [, path, type = "input"] = /^(.*?)(?: \[(\w+)\])?$/.exec(file) ?? ["", file];
    const end = path.lastIndexOf("/");
    return this.view({ filename: path.slice(end + 1), subfolder: path.slice(0, Math.max(0, end)), type });
  }

  /**
   * The address of a file that ComfyUI shows.
   *
   * @param {View} view
   */
  view({ filename, subfolder, type }) {
    return this.#api.apiURL(`/view?${new URLSearchParams({ filename, subfolder, type })}`);
  }
}

/** @param {string} id */
function routeOf(id) {
  return `${LOOPS}/${encodeURIComponent(id)}`;
}
