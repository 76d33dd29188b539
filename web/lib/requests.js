/** @import { Api } from "../../types/comfyui.d.ts" */

const SECOND_MS = 1000;

/** The kind of error that says that a folder is missing, or cannot be read. */
const FOLDER_NOT_FOUND = "folder_not_found";

/** The HTTP status of a refusal of what its owner has not allowed. */
export const NOT_ALLOWED = 403;

/** The HTTP status of what the server does not know. */
const NOT_FOUND = 404;

/** The HTTP status of a server that cannot answer now, and says why. */
export const UNAVAILABLE = 503;

/** The lowest HTTP status that means that the server, or what is behind it, has failed. */
export const SERVER_ERROR = 500;

/** Thrown when the server's response is an error; the message is the server's. */
export class Refused extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string} [kind] - as the server names it, if it does
   */
  constructor(message, status, kind = "") {
    super(message);
    /** HTTP status of the response. */
    this.status = status;
    /** Whether it is about a folder that is missing, or cannot be read. */
    this.isFolderNotFound = kind === FOLDER_NOT_FOUND;
  }
}

/**
 * Whether the server has judged the request, so that it would say the same again. A server that
 * does not answer, or that fails, may answer later.
 *
 * @param {unknown} error - thrown by a method of `Requests` or `LoopServer`
 * @returns {error is Refused}
 */
export function isFinal(error) {
  return error instanceof Refused && error.status < SERVER_ERROR;
}

/**
 * Whether the server does not know what it was asked for.
 *
 * @param {unknown} error
 */
export function isMissing(error) {
  return error instanceof Refused && error.status === NOT_FOUND;
}

/** Requests to the pack's routes, whose responses also tell the server's time. */
export class Requests {
  #api;
  /** How far the server's clock is ahead of this page's, in ms. */
  #ahead = 0;

  /** @param {Pick<Api, "fetchApi">} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * How long it is until a time of the server's clock, in ms.
   *
   * @param {number} until - in seconds since the epoch
   */
  timeTo(until) {
    return until * SECOND_MS - Date.now() - this.#ahead;
  }

  /**
   * What the server answers to JSON that is sent to it.
   *
   * @param {string} route
   * @param {object} body
   */
  async post(route, body) {
    return this.get(route, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /**
   * What the server answers, as JSON.
   *
   * @param {string} route
   * @param {RequestInit} [options]
   */
  async get(route, options) {
    return (await this.answer(route, options)).json();
  }

  /**
   * The server's response; throws Refused if it is an error.
   *
   * @param {string} route
   * @param {RequestInit} [options]
   */
  async answer(route, options) {
    const response = await this.#api.fetchApi(route, options);
    const now = Date.parse(response.headers.get("Date") ?? "");
    if (!Number.isNaN(now)) this.#ahead = now - Date.now();
    if (response.ok) return response;
    // ComfyUI itself responds to some errors with plain text.
    const { error, kind } = await response.json().catch(() => ({}));
    const status = `${response.status} ${response.statusText}`;
    throw new Refused(error ?? status, response.status, kind);
  }
}

/**
 * The query of a path, and of what else is given.
 *
 * @param {string} path
 * @param {Record<string, number | undefined>} [more]
 */
export function queryOf(path, more = {}) {
  const query = new URLSearchParams({ path });
  for (const [name, value] of Object.entries(more)) {
    if (value !== undefined) query.set(name, `${value}`);
  }
  return query;
}
