import { Refused } from "./server.js";
import { t } from "./texts.js";

/** What the pack's routes refuse with, and the texts know what to do about. */
const KNOWN = new Set([400, 403, 404, 409, 415, 501, 503]);

/**
 * What to show of a request that failed: the reason, and below it what to do next.
 *
 * The reason is the server's own, in English; what to do is in the person's language.
 *
 * @param {unknown} error - what a method of `LoopServer` has thrown
 */
export function explained(error) {
  const reason = error instanceof Error ? error.message : String(error);
  return `${reason}\n${t(`error.${kindOf(error)}`)}`;
}

/** @param {unknown} error */
function kindOf(error) {
  if (!(error instanceof Refused)) return "unreachable";
  return KNOWN.has(error.status) ? error.status : "other";
}
