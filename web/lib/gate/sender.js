/**
 * @import { Api, Refusal } from "../../../types/comfyui.d.ts"
 * @import { Submissions } from "../submissions.js"
 * @import { Batch } from "./batch.js"
 */

/** How many of its prompts are remembered. */
const LIMIT = 64;

/** Sends the prompts of batches whose workflow is not on the screen, as ComfyUI's page would. */
export class Sender {
  #api;
  #submissions;
  /** @type {Set<string>} */
  #ids = new Set();

  /**
   * @param {Pick<Api, "queuePrompt">} api
   * @param {Submissions} submissions
   */
  constructor(api, submissions) {
    this.#api = api;
    this.#submissions = submissions;
  }

  /**
   * Whether it has sent this prompt.
   *
   * @param {string} promptId
   */
  hasSent(promptId) {
    return this.#ids.has(promptId);
  }

  /**
   * Send the next prompt of a batch; returns why ComfyUI refuses it or would leave a part of it
   * out, or null. A server that does not answer refuses nothing.
   *
   * @param {Batch} batch
   * @returns {Promise<string | null>}
   */
  async send(batch) {
    batch.isSending = true;
    this.#submissions.begin();
    try {
      const { node_errors: faults, prompt_id: id } = await this.#queue(batch);
      if (id) this.#remember(id);
      return faultIn(faults ?? {});
    } catch (error) {
      const { response } = /** @type {{ response?: Refusal }} */ (error);
      if (!response) return null;
      const { details, message } = response.error ?? {};
      return faultIn(response.node_errors ?? {}) ?? [message, details].filter(Boolean).join(": ");
    } finally {
      batch.isSending = false;
    }
  }

  /**
   * @param {Batch} batch
   * @returns {Promise<Pick<Refusal, "node_errors"> & { prompt_id?: string }>}
   */
  #queue(batch) {
    return this.#api.queuePrompt(0, /** @type {any} */ (batch.next()));
  }

  /** @param {string} id */
  #remember(id) {
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > LIMIT) this.#ids.delete(oldest);
  }
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
