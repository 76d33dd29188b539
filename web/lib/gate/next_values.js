/**
 * What ComfyUI's page changes in a workflow between two runs: numbers and choices with a control
 * (`control_after_generate`), and choices in texts, such as `{red|blue}`.
 */

/** No page counts or draws beyond this, whatever a node takes. */
const LARGEST = 2 ** 50;
const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*/g;

/**
 * @typedef {object} Limits - of a widget
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [step2] - the step of a number
 * @property {unknown} [values] - of a choice
 */

/**
 * The value after the next run.
 *
 * @param {number | string} value
 * @param {string} mode - the control's value
 * @param {Limits} limits
 * @param {string} [filter] - which of the choices count: a part of them, or a pattern in slashes
 * @param {() => number} [random]
 * @returns {number | string}
 */
export function nextValue(value, mode, limits, filter = "", random = Math.random) {
  if (mode === "fixed") return value;
  if (typeof value === "number") return nextNumber(value, mode, limits, random);
  const all = Array.isArray(limits.values) ? limits.values : [];
  const choices = all.filter(filtered(filter));
  if (choices.length === 0) return value;
  const at = choices.indexOf(value);
  const last = choices.length - 1;
  if (mode === "randomize") return choices[Math.floor(random() * choices.length)];
  if (mode === "increment-wrap") return choices[at >= last ? 0 : at + 1];
  return choices[Math.min(Math.max(mode === "increment" ? at + 1 : at - 1, 0), last)];
}

/**
 * A text with one of each of its choices, and without comments.
 *
 * @param {string} text
 * @param {() => number} [random]
 */
export function oneOfEach(text, random = Math.random) {
  return picked(text.replace(COMMENTS, ""), random).replace(/\\([{}|])/g, "$1");
}

/**
 * @param {number} value
 * @param {string} mode
 * @param {Limits} limits
 * @param {() => number} random
 */
function nextNumber(value, mode, { min = 0, max = 1, step2: step = 1 }, random) {
  const most = Math.min(LARGEST, max);
  const least = Math.max(-LARGEST, min);
  let next = value;
  if (mode === "increment") next += step;
  if (mode === "decrement") next -= step;
  if (mode === "randomize") next = Math.floor((random() * (most - least)) / step) * step + least;
  return Math.min(Math.max(next, least), most);
}

/**
 * @param {string} filter
 * @returns {(choice: unknown) => boolean}
 */
function filtered(filter) {
  if (filter.length > 1 && filter.startsWith("/") && filter.endsWith("/")) {
    try {
      const pattern = new RegExp(filter.slice(1, -1));
      return (choice) => pattern.test(String(choice));
    } catch {
      // Then it is a part of the choice, as in ComfyUI.
    }
  }
  const part = filter.toLocaleLowerCase();
  return (choice) => String(choice).toLocaleLowerCase().includes(part);
}

/**
 * A text with one of each of its outermost choices, and so on for what was chosen.
 *
 * @param {string} text
 * @param {() => number} random
 * @returns {string}
 */
function picked(text, random) {
  let result = "";
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "\\") result += text[at] + (text[(at += 1)] ?? "");
    else if (text[at] === "{") {
      const { choices, end } = choicesFrom(text, at + 1);
      result += picked(choices[Math.floor(random() * choices.length)], random);
      at = end;
    } else result += text[at];
  }
  return result;
}

/**
 * The choices that begin at a place, and the place of the brace that ends them.
 *
 * @param {string} text
 * @param {number} from
 */
function choicesFrom(text, from) {
  const choices = [];
  let choice = "";
  let depth = 0;
  let at = from;
  for (; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\\") {
      choice += char + (text[(at += 1)] ?? "");
      continue;
    }
    if (char === "}" && depth === 0) break;
    if (char === "{") depth += 1;
    if (char === "}") depth -= 1;
    if (char === "|" && depth === 0) {
      choices.push(choice);
      choice = "";
    } else choice += char;
  }
  return { choices: [...choices, choice], end: at };
}
