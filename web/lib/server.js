/** Raised when the server refuses a request; the message is the server's own. */
export class Refused extends Error {}

/** The pack's routes on the ComfyUI server. */
export class LoopServer {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** The state of a loop. */
  async loop(id) {
    return this.#ask(`/batch_loop/loops/${encodeURIComponent(id)}`);
  }

  /** Start a loop over, named by `{loop}` or by `{directory, loop_name}`. */
  async reset(which) {
    return this.#ask("/batch_loop/loops/reset", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(which),
    });
  }

  async #ask(route, options) {
    const response = await this.#api.fetchApi(route, options);
    // ComfyUI itself answers some errors in plain text.
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(body.error ?? `${response.status} ${response.statusText}`);
    return body;
  }
}
