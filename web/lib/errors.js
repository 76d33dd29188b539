import { Refused, UNAVAILABLE } from "./requests.js";
import { t } from "./texts.js";

/** HTTP statuses of the pack's routes for which there is a text with advice. */
const KNOWN = new Set([400, 403, 404, 409, 415, 501, 503]);

/**
 * The message for a failed request: the reason, followed by what to do next.
 *
 * The reason comes from the server, in English; the advice is in the user's language.
 *
 * @param {unknown} error - thrown by a method of `LoopServer`
 */
export function explained(error) {
  return `${reasonOf(error)}\n${t(`error.${kindOf(error)}`)}`;
}

/**
 * The reason alone.
 *
 * @param {unknown} error
 */
export function reasonOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Why the server has not told how batches stand, when it was asked for that.
 *
 * @param {unknown} error
 */
export function whyUntold(error) {
  // The pack says itself why it cannot tell, as when its database is away.
  const isSaid = error instanceof Refused && error.status === UNAVAILABLE;
  return isSaid ? error.message : t("panel.unreachable");
}

/** @param {unknown} error */
function kindOf(error) {
  if (!(error instanceof Refused)) return "unreachable";
  return KNOWN.has(error.status) ? error.status : "other";
}
