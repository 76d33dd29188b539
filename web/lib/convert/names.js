/**
 * What a Save Image's `filename_prefix` means for Save Image (Batch), whose files are called after
 * their sources: the part before the last slash is the folder, and the rest is the prefix.
 */

/** Where Save Image (Batch) saves by default. */
export const FOLDER = "batch_loop";

/** ComfyUI's own prefix, which says nothing about the image. */
const SAYS_NOTHING = /^ComfyUI(?=$|[\s._-])/;

const TOKEN = /%([^%]+)%/g;
const UNNAMEABLE = /[/\\<>:"|?*\p{Cc}]/gu;

/**
 * @param {string} prefix - a Save Image's `filename_prefix`
 * @param {Date} now
 */
export function namesFrom(prefix, now) {
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
  return { folder: folder || FOLDER, prefix: name && `${name}_`, dropped };
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
