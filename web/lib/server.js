/** Raised when the server refuses a request; the message is the server's own. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    /** Of the HTTP answer. */
    this.status = status;
  }
}

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
    return this.#post("/batch_loop/loops/reset", which);
  }

  /** Whether new images have come to a loop, and are whole. */
  async watch(loop) {
    return this.#post("/batch_loop/loops/watch", { loop });
  }

  async #post(route, body) {
    return this.#ask(route, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

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
