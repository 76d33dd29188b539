import { t } from "./texts.js";

/**
 * @import { ListedLoop } from "../../types/server.d.ts"
 * @import { QueuePlace } from "./gate/queue_places.js"
 */

/**
 * The place in ComfyUI's queue that a loop waits in, while none of its images is in progress; null
 * if it does not wait.
 *
 * @param {Pick<ListedLoop, "complete"> | null} loop - null before its first run
 * @param {QueuePlace | null} place - of its batch
 */
export function queuedAt(loop, place) {
  // Another loop of the workflow may go on after this one is complete.
  return loop?.complete && !place?.isNew ? null : place;
}

/**
 * That the page waits for other servers with the last images of a loop; empty if it does not.
 *
 * @param {Pick<ListedLoop, "stands">} loop
 * @param {boolean} awaits - whether the page waits for anything of it
 */
export function otherServers({ stands }, awaits) {
  return awaits && stands === "waiting" ? t("notice.waiting.title") : "";
}

/**
 * What to say of a place: in a few words, and then in a sentence.
 *
 * @param {QueuePlace} place
 */
export function queuedIn({ before }) {
  return before > 0
    ? { headline: t("queued.waiting"), detail: t("queued.first", { count: before }) }
    : { headline: t("queued.next"), detail: t("queued.goesOn") };
}
