/**
 * What a Save Image's `filename_prefix` means for Save Image (Batch), whose files are called after
 * their sources: the part before the last slash is the folder, and the rest is the prefix.
 */

/** Where Save Image (Batch) saves by default. */
const FOLDER = "batch_loop";

/** ComfyUI's names for workflows that have none. */
const NO_NAME = /^Unsaved Workflow( \(\d+\))?$/;

/** Names that Windows reserves for devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** A workflow's name may be longer than a folder's. */
const LONGEST = 80;

/** ComfyUI's own prefix, which says nothing about the image. */
const SAYS_NOTHING = /^ComfyUI(?=$|[\s._-])/;

const TOKEN = /%([^%]+)%/g;
const UNNAMEABLE = /[/\\<>:"|?*\p{Cc}]/gu;

/**
 * The folder of a workflow's results, where nothing names one: its own, so that they are not beside
 * those of other workflows.
 *
 * @param {string} workflow - its name
 */
export function folderOf(workflow) {
  if (NO_NAME.test(workflow)) return FOLDER;
  const name = [...workflow.replace(/\p{Cs}/gu, "").replace(UNNAMEABLE, "-").replace(/[%{}]/g, "-")]
    .slice(0, LONGEST)
    .join("")
    .replace(/^[\s.]+|[\s.]+$/g, "");
  return DEVICE.test(name) ? FOLDER : name || FOLDER;
}

/**
 * @param {string} prefix - a Save Image's `filename_prefix`
 * @param {Date} now
 * @param {string} [workflow] - its name
 */
export function namesFrom(prefix, now, workflow = "") {
  /** @type {string[]} */
  const dropped = [];
  const text = prefix.trim().replace(TOKEN, (token, name) => {
    const value = valueOf(name, now);
    if (value === null) dropped.push(token);
    return value ?? "";
  });
  const end = Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\"));
  // A token that was left out may leave a slash too many.
  const folder = text
    .slice(0, Math.max(0, end))
    .replace(/(?<=[^/])\/{2,}/g, "/")
    .replace(/(?<=[^/])\/$/, "");
  const name = text
    .slice(end + 1)
    .replace(SAYS_NOTHING, "")
    .replace(UNNAMEABLE, "-")
    .replace(/^[\s._-]+|[\s._-]+$/g, "");
  return { folder: folder || folderOf(workflow), prefix: name && `${name}_`, dropped };
}

/**
 * What a token stands for: dates and times are those of the conversion, as a batch that goes on
 * tomorrow must find its results. Null for what would differ from image to image.
 *
 * @param {string} name
 * @param {Date} now
 */
function valueOf(name, now) {
  if (name.startsWith("date:")) return formatted(name.slice("date:".length), now);
  const part = PARTS.get(name);
  if (part) return formatted(part, now);
  return name === "width" || name === "height" || name.includes(".") ? null : `%${name}%`;
}

/** ComfyUI's other tokens for parts of the time. */
const PARTS = new Map([
  ["year", "yyyy"],
  ["month", "MM"],
  ["day", "dd"],
  ["hour", "hh"],
  ["minute", "mm"],
  ["second", "ss"],
]);

/**
 * A date in ComfyUI's format, such as `yyyy-MM-dd`.
 *
 * @param {string} format
 * @param {Date} date
 */
function formatted(format, date) {
  return format.replace(/dd?|MM?|hh?|mm?|ss?|yyyy|yyy|yy/g, (field) => {
    if (field === "yy") return String(date.getFullYear()).slice(2);
    /** @type {Record<string, number>} */
    const values = {
      d: date.getDate(),
      M: date.getMonth() + 1,
      h: date.getHours(),
      m: date.getMinutes(),
      s: date.getSeconds(),
      y: date.getFullYear(),
    };
    return String(values[field[0]]).padStart(field[0] === "y" ? 0 : field.length, "0");
  });
}
