/** The address that the command asks if it is told none. */
const DEFAULT = ["http://127.0.0.1:8188", "http://localhost:8188"];
/** What a shell takes as it is. */
const PLAIN = /^[\w.-]+$/;

/**
 * The command that runs a workflow without a page, see `docs/command.md`.
 *
 * @param {string} file - the workflow's file
 * @param {string} address - of the server's page
 */
export function commandLine(file, address) {
  const { origin, pathname } = new URL(address);
  const server = `${origin}${pathname}`.replace(/\/(index\.html)?$/, "");
  const words = ["batch-loop", "run", quoted(file)];
  if (!DEFAULT.includes(server)) words.push("--server", quoted(server));
  return words.join(" ");
}

/** @param {string} word */
function quoted(word) {
  if (PLAIN.test(word) || /^https?:\/\/[\w.:/-]+$/.test(word)) return word;
  return `"${word.replace(/["\\$`]/g, "\\$&")}"`;
}
