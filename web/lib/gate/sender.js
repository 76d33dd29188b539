import { SERVER_ERROR } from "../requests.js";

/**
 * @import { Api, Refusal } from "../../../types/comfyui.d.ts"
 * @import { Batch } from "./batch.js"
 */

/**
 * What ComfyUI's page throws; only newer frontends tell the HTTP status.
 *
 * @typedef {{ response?: Refusal, status?: number }} Failure
 */
/** @typedef {Pick<Refusal, "node_errors"> & { prompt_id?: string }} Answer */

/** The type of error in a response that a frontend has made up. */
const MADE_UP = "server_error";
/** How many of its prompts are remembered. */
const LIMIT = 64;

/** Sends the prompts of batches whose workflow is not on the screen, as ComfyUI's page would. */
export class Sender {
  #api;
  /** The batches of the prompts that it has sent, by their ids. @type {Map<string, Batch>} */
  #sent = new Map();

  /** @param {Pick<Api, "queuePrompt">} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * The batch that it has sent this prompt for; undefined if it has not sent it.
   *
   * @param {string} promptId
   */
  batchOf(promptId) {
    return this.#sent.get(promptId);
  }

  /**
   * Send the next prompt of a batch; returns why ComfyUI refuses it or would leave a part of it
   * out, or null. If the server, or what is before it, does not say what has become of the prompt,
   * that is `lost`.
   *
   * @param {Batch} batch
   * @returns {Promise<string | null>}
   */
  async send(batch) {
    const prompt = batch.next();
    const times = (batch.lost?.times ?? 0) + 1;
    batch.lost = null;
    try {
      const answer = await this.#api.queuePrompt(0, /** @type {any} */ (prompt));
      const { node_errors: faults, prompt_id: id } = /** @type {Answer} */ (answer);
      if (id) this.#remember(id, batch);
      return faultIn(faults ?? {});
    } catch (error) {
      const reason = reasonIn(/** @type {Failure} */ (error));
      if (reason) return reason;
      batch.lost = { prompt, times };
      return null;
    }
  }

  /**
   * @param {string} id
   * @param {Batch} batch
   */
  #remember(id, batch) {
    this.#sent.set(id, batch);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > LIMIT) this.#sent.delete(oldest);
  }
}

/**
 * Why ComfyUI has refused a prompt, in its words; empty if it has not said so. Newer frontends make
 * up a response for a server, or a proxy before it, that fails without a word of ComfyUI's.
 *
 * @param {Failure} failure
 */
function reasonIn({ response, status = response?.error?.type === MADE_UP ? SERVER_ERROR : 0 }) {
  if (!response || status >= SERVER_ERROR) return "";
  const { error, node_errors: faults } = response;
  const said = typeof error === "string" ? [error] : [error?.message, error?.details];
  return faultIn(faults ?? {}) ?? said.filter(Boolean).join(": ");
}

/**
 * The first fault that ComfyUI has found in a node, in its words.
 *
 * @param {NonNullable<Refusal["node_errors"]>} faults
 */
function faultIn(faults) {
  const [fault] = Object.values(faults);
  if (!fault) return null;
  const [{ details, message }] = fault.errors;
  return `${fault.class_type}: ${[message, details].filter(Boolean).join(": ")}`;
}
