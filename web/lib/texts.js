/**
 * Texts on the screen, in the user's language.
 *
 * They are in `locales/<language>/main.json` under `batchLoop`; ComfyUI's server collects them for
 * the page. A text can contain placeholders, `{name}`, and have plural forms, by the categories of
 * `Intl.PluralRules`: `{"one": "{count} image", "other": "{count} images"}`.
 */

import { comfyLanguage } from "./comfy_language.js";

/** @import { Api } from "../../types/comfyui.d.ts" */

/**
 * A text, its plural forms, or a group of named texts.
 *
 * @typedef {string | { [name: string]: Tree }} Tree
 */

/** @typedef {Record<string, string | number>} Values - values for a text's placeholders, by name */

const ROUTE = "/i18n";
const SUBTREE = "batchLoop";
const FALLBACK = "en";
const HOLE = /\{(\w+)\}/g;

/**
 * ComfyUI's own words for its ways to run, which any text can use as placeholders.
 *
 * @type {Record<string, string>}
 */
const OF_COMFY = { run: "comfy.run", instant: "comfy.instant", onChange: "comfy.onChange" };

/** All texts in one language, with English for missing ones. */
export class Texts {
  #language;
  #tables;
  #byLanguage;
  #plural;
  #number;

  /**
   * @param {Record<string, Tree>} byLanguage - texts by language, such as `pt-BR`
   * @param {string} wanted - the user's language
   */
  constructor(byLanguage = {}, wanted = FALLBACK) {
    this.#language = bestOf(Object.keys(byLanguage), wanted);
    this.#tables = [byLanguage[this.#language], byLanguage[FALLBACK]].filter(Boolean);
    this.#byLanguage = byLanguage;
    this.#plural = new Intl.PluralRules(this.#language);
    this.#number = new Intl.NumberFormat(this.#language);
  }

  /** The language of these texts. */
  get language() {
    return this.#language;
  }

  /**
   * The text at a dotted path, such as `panel.title`, with `values` filled in.
   *
   * @param {string} path
   * @param {Values} [values]
   */
  text(path, values = {}) {
    for (const table of this.#tables) {
      const found = at(table, path);
      const form = typeof found === "object" ? this.#form(found, values) : found;
      if (typeof form === "string") return this.#filled(form, values);
    }
    return path;
  }

  /**
   * The name, in its group, of the text that is this one in English; undefined if none is.
   *
   * @param {string} group - dotted path, such as `templates`
   * @param {string} english
   */
  nameOf(group, english) {
    const named = at(this.#byLanguage[FALLBACK] ?? {}, group);
    const all = Object.entries(typeof named === "object" ? named : {});
    return all.find(([, text]) => text === english)?.[0];
  }

  /**
   * A number formatted for this language.
   *
   * @param {number} value
   * @param {Intl.NumberFormatOptions} [options]
   */
  number(value, options) {
    if (!options) return this.#number.format(value);
    return new Intl.NumberFormat(this.#language, options).format(value);
  }

  /**
   * @param {{ [category: string]: Tree }} forms
   * @param {Values} values
   */
  #form(forms, { count }) {
    return forms[this.#plural.select(Number(count ?? 0))] ?? forms.other;
  }

  /**
   * One of ComfyUI's own words, in the language of its page; undefined for another placeholder.
   *
   * @param {string} name
   */
  #wordOfComfy(name) {
    const path = OF_COMFY[name];
    if (!path) return undefined;
    const run = Object.entries(this.#byLanguage).map(([language, table]) => [
      language,
      String(at(table, OF_COMFY.run)),
    ]);
    const language = comfyLanguage(Object.fromEntries(run), this.#language);
    const tables = [this.#byLanguage[language], ...this.#tables];
    return tables.map((table) => table && at(table, path)).find((word) => typeof word === "string");
  }

  /**
   * @param {string} form
   * @param {Values} values
   */
  #filled(form, values) {
    return form.replace(HOLE, (hole, name) => {
      const value = values[name] ?? this.#wordOfComfy(name);
      if (value === undefined) return hole;
      return typeof value === "number" ? this.number(value) : String(value);
    });
  }
}

/**
 * @param {Tree} tree
 * @param {string} path
 */
function at(tree, path) {
  /** @type {Tree | undefined} */
  let found = tree;
  for (const name of path.split(".")) found = typeof found === "object" ? found[name] : undefined;
  return found;
}

/** The texts that all modules use; `load` sets them to the user's language. */
let shown = new Texts();

/**
 * The text at a dotted path, in the user's language.
 *
 * @param {string} path
 * @param {Values} [values]
 */
export function t(path, values) {
  return shown.text(path, values);
}

/**
 * The groups of texts for batches of other items than images, the first that has a text first.
 *
 * @type {Record<string, string[]>}
 */
const GROUPS = { rows: ["rows"], videos: ["files"], audio: ["files"], frames: ["frames"] };

/**
 * Like `t`, for a batch of some kind of items: where that says anything else than for one of
 * images, the text is in a group of its own, at the same path.
 *
 * @param {string} source - what the items are; with ` windows` behind it if each is several frames,
 *   and ` variants` at the end if each is an entry with a value
 * @returns {(path: string, values?: Values) => string}
 */
export function textsFor(source) {
  const [kind, ...more] = source.split(" ");
  const isWindow = more.includes("windows");
  const groups = [...(isWindow ? ["windows"] : []), ...(more.length > 0 ? ["runs"] : []), ...(GROUPS[kind] ?? [])];
  return (path, values) => {
    const own = groups.map((group) => `${group}.${path}`).find((each) => t(each, values) !== each);
    return t(own ?? path, values);
  };
}

/**
 * The texts for a batch.
 *
 * @param {{ source?: string }} loop - whose items may be entries with a value each
 */
export function textsOf({ source = "" }) {
  return textsFor(source);
}

/** The current texts, for formatting numbers and dates. */
export function texts() {
  return shown;
}

/**
 * Use these texts from now on.
 *
 * @param {Texts} next
 */
export function show(next) {
  shown = next;
}

/**
 * Fetch the texts of all languages from the server and use those of `wanted`; returns the nodes'
 * texts in that language, ComfyUI's `nodeDefs`.
 *
 * @param {Api} api
 * @param {string} wanted
 */
export async function load(api, wanted) {
  try {
    const response = await api.fetchApi(ROUTE);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const byLanguage = await response.json();
    show(new Texts(ofThePack(byLanguage), wanted));
    return byLanguage[shown.language]?.nodeDefs ?? {};
  } catch (error) {
    console.warn(`[Batch Loop] no texts could be read, their names are shown: ${error}`);
    return {};
  }
}

/**
 * @param {Record<string, { [SUBTREE]?: Tree }>} byLanguage
 * @returns {Record<string, Tree>}
 */
function ofThePack(byLanguage) {
  return Object.fromEntries(
    Object.entries(byLanguage).flatMap(([language, { [SUBTREE]: tree }]) =>
      tree ? [[language, tree]] : [],
    ),
  );
}

/**
 * The best match: `zh-TW` for `zh-TW` or `zh_tw`, `pt-BR` for `pt`, `fr` for `fr-CA`; else English.
 *
 * @param {string[]} languages
 * @param {string} wanted
 */
function bestOf(languages, wanted) {
  const [base, ...rest] = wanted.toLowerCase().split(/[-_]/);
  const whole = [base, ...rest].join("-");
  const lower = (/** @type {string} */ language) => language.toLowerCase();
  return (
    languages.find((language) => lower(language) === whole) ??
    languages.find((language) => lower(language) === base) ??
    languages.find((language) => lower(language).split("-")[0] === base) ??
    FALLBACK
  );
}
