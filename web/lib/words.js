/** How many failed images a toast names; the rest is a number. */
const NAMED_FAILURES = 3;
/** Longest reason shown, in characters: some models put a whole traceback into it. */
const REASON_LENGTH = 160;

/** `12 s`, `3 min 5 s`, `1 h 2 min`. */
export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * The first failed images with their reasons, one a line; empty when none failed.
 *
 * `failed` is their number: the server lists only so many.
 */
export function failureLines(failures, failed) {
  const lines = failures.slice(0, NAMED_FAILURES).map(({ path, reason }) => {
    const line = String(reason ?? "").split("\n")[0].trim();
    return `${path}: ${line.length > REASON_LENGTH ? `${line.slice(0, REASON_LENGTH)}…` : line}`;
  });
  const more = failed - lines.length;
  if (more > 0) lines.push(`… and ${more} more`);
  return lines;
}

/** The toast for a batch that has come to its end, from the loop's state on the server. */
export function batchEnd(state) {
  // What has ended is done as well, only that the server has not yet looked how.
  const done = state.done + state.ended;
  const figures = `${done} done, ${state.failed} failed, ${duration(state.seconds)}`;
  const summary = state.complete
    ? `Batch complete: ${figures}`
    : `Batch stopped: ${figures}, ${state.pending} to do`;
  return {
    severity: state.complete && !state.failed ? "success" : "warn",
    summary,
    detail: [state.directory, ...failureLines(state.failures, state.failed)].join("\n"),
  };
}

/** The toast for a prompt that found nothing to do, from what Directory Iterator said. */
export function nothingToDo({ directory, status, finished }) {
  const how = finished
    ? "Switch skip_finished off to run them again."
    : "Press Start over, or choose Reset, to run them again.";
  return {
    severity: "info",
    summary: "Nothing to do",
    detail: `${directory}\n${sentence(status)} ${how}`,
  };
}

/** The toast for folders in which new images are waited for. */
export function watching(directories) {
  return {
    severity: "info",
    summary: `Watching ${directories.join(", ")} for new images`,
    detail: "Press Stop watching on Directory Iterator, or Run, to end it.",
  };
}

/** The toast for a server that has refused to look; `on` tells whether it is asked again. */
export function watchingStopped(reason, on) {
  return {
    severity: "warn",
    summary: on ? "Watching, but the folder cannot be read" : "No longer watching",
    detail: reason,
  };
}

/** The toast for a batch that was cancelled. */
export function paused(filename) {
  return {
    severity: "info",
    summary: "Batch paused",
    detail: `Auto Queue is off. Run goes on with ${filename}.`,
  };
}

function sentence(text) {
  const trimmed = text.trim();
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
