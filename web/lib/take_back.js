import { CARD } from "./card/widget.js";
import { DIRECTORY_ITERATOR, FRAME_ITERATOR, ROW_ITERATOR, isIterator } from "./iterators.js";
import { t } from "./texts.js";

/**
 * @import { Api } from "../../types/comfyui.d.ts"
 * @import { Toasts } from "./toasts.js"
 */

/**
 * An entry of ComfyUI's queue.
 *
 * @typedef {[number, string, Record<string, { class_type: string, inputs?: object }>, Extra]} Entry
 * @typedef {{ client_id?: string, extra_pnginfo?: { workflow?: { id?: unknown } } }} Extra
 */

/**
 * @typedef {object} Waiting - a prompt of a batch that this page has sent, and that waits
 * @property {string} prompt - its id
 * @property {number} before - how many prompts come first
 * @property {Named[]} which - its loops, but those whose folder or table comes from another node
 *
 * @typedef {{ directory: string } | { film: string } | { file: string, text: string }} Place
 * @typedef {Place & { loop_name: string, workflow?: string }} Named - what names a loop
 */

const TOAST = "take back";
const LIFE_MS = 10_000;

/** Takes prompts that this page has sent, and that do not run yet, back from ComfyUI's queue. */
export class TakeBack {
  #api;
  #toasts;

  /**
   * @param {object} given
   * @param {Pick<Api, "clientId" | "fetchApi">} given.api
   * @param {Pick<Toasts, "show">} given.toasts
   */
  constructor({ api, toasts }) {
    this.#api = api;
    this.#toasts = toasts;
  }

  /**
   * Take back those of some batches, but no trials of one image; says so if ComfyUI cannot be
   * asked. Returns the ids of those that run already.
   *
   * @param {(prompt: string, graph: string | undefined) => boolean} isWanted - called with the
   *   prompt's id and that of its workflow, when it is known what waits
   */
  async those(isWanted) {
    try {
      const { queue_pending: waiting, queue_running: running = [] } = await (await this.#queue()).json();
      const idsOf = (/** @type {Entry[]} */ entries) =>
        entries
          .filter((entry) => this.#isOwn(entry))
          .filter(([, id, , extra]) => isWanted(id, graphOf(extra)))
          .map(([, id]) => id);
      const own = idsOf(waiting);
      if (own.length > 0) await this.#queue({ method: "POST", body: JSON.stringify({ delete: own }) });
      return idsOf(running);
    } catch (error) {
      console.warn(`[Batch Loop] the queue could not be changed: ${error}`);
      const [summary, detail] = [t("run.pause.label"), t("run.pause.stillQueued")];
      this.#toasts.show(TOAST, { severity: "warn", summary, detail, life: LIFE_MS });
      return [];
    }
  }

  /** The ids of all prompts of this page that run; null if ComfyUI cannot be asked. */
  async running() {
    try {
      const { queue_running: running = [] } = await (await this.#queue()).json();
      const own = /** @type {Entry[]} */ (running).filter((entry) => this.#isSent(entry));
      return own.map(([, id]) => id);
    } catch (error) {
      console.warn(`[Batch Loop] ComfyUI does not say what runs: ${error}`);
      return null;
    }
  }

  /**
   * The prompts of batches that this page has sent and that wait, the next one first, but no trials
   * of one image; null if ComfyUI cannot be asked yet.
   *
   * @returns {Promise<Waiting[] | null>}
   */
  async waiting() {
    if (!this.#api.clientId) return null;
    try {
      const { queue_pending: pending, queue_running: running = [] } = await (await this.#queue()).json();
      const inOrder = /** @type {Entry[]} */ (pending).sort(([one], [other]) => one - other);
      return inOrder.flatMap((entry, place) => {
        if (!this.#isOwn(entry)) return [];
        return { prompt: entry[1], before: running.length + place, which: loopsIn(entry) };
      });
    } catch (error) {
      console.warn(`[Batch Loop] ComfyUI does not say what waits: ${error}`);
      return null;
    }
  }

  /** @param {Entry} entry */
  #isSent([, , , { client_id: sender }]) {
    return sender === this.#api.clientId;
  }

  /** @param {Entry} entry */
  #isOwn(entry) {
    const [, , graph] = entry;
    const iterators = Object.values(graph).filter(({ class_type: type }) => isIterator(type));
    const isTrial = iterators.some(({ inputs }) => CARD in (inputs ?? {}));
    return this.#isSent(entry) && iterators.length > 0 && !isTrial;
  }

  /** @param {RequestInit} [options] */
  async #queue(options) {
    const response = await this.#api.fetchApi("/queue", options);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return response;
  }
}

/** @param {Extra} extra */
function graphOf({ extra_pnginfo: info }) {
  return info?.workflow?.id === undefined ? undefined : String(info.workflow.id);
}

/** @param {Entry} entry */
function loopsIn([, , graph, extra]) {
  const workflow = graphOf(extra);
  return Object.values(graph).flatMap(({ class_type: type, inputs }) => {
    if (!isIterator(type)) return [];
    const { loop_name: name = "", ...given } = /** @type {Record<string, unknown>} */ (inputs ?? {});
    const place = placeOf(type, given);
    if (!place || typeof name !== "string") return [];
    return {
      ...place,
      loop_name: name,
      ...(type === DIRECTORY_ITERATOR || type === ROW_ITERATOR ? {} : { iterator: type }),
      // Which they are tells nothing of the loop.
      ...("variants" in given ? { variants: true } : {}),
      ...(workflow === undefined ? {} : { workflow }),
    };
  });
}

/**
 * What the settings of an iterator name; null if another node does.
 *
 * @param {string} type
 * @param {Record<string, unknown>} given
 */
function placeOf(type, given) {
  if (type === ROW_ITERATOR) return tableIn(given);
  return type === FRAME_ITERATOR ? filmIn(given) : folderIn(given);
}

/** @param {Record<string, unknown>} inputs */
function filmIn({ film }) {
  return typeof film === "string" ? { film } : null;
}

/** @param {Record<string, unknown>} inputs */
function folderIn({ directory }) {
  return typeof directory === "string" ? { directory } : null;
}

/** @param {Record<string, unknown>} inputs */
function tableIn({ file, text }) {
  return typeof file === "string" && typeof text === "string" ? { file, text } : null;
}
