/** @import { App, Setting } from "../../types/comfyui.d.ts" */

/** The languages of the pack's texts: each folder of `locales/`, and the language's own name. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  ja: "日本語",
  ko: "한국어",
  "pt-BR": "Português",
  ru: "Русский",
  zh: "简体中文",
  "zh-TW": "繁體中文",
};

const AS_COMFYUI = "comfyui";

const LANGUAGE = "BatchLoop.Language";
export const NOTIFICATION = "BatchLoop.Notification";
export const SOUND = "BatchLoop.Sound";
const TITLE = "BatchLoop.Title";

/** The user's settings, both ComfyUI's and the pack's. */
export class Settings {
  #app;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
  }

  /** The language for texts: ComfyUI's own, unless the user has chosen another. */
  get language() {
    const chosen = this.#value(LANGUAGE);
    return chosen && chosen !== AS_COMFYUI ? chosen : (this.#value("Comfy.Locale") ?? "en");
  }

  /** Whether to show a browser notification at the end of a batch. */
  get notification() {
    return this.#value(NOTIFICATION) === true;
  }

  /** Whether to play a sound at the end of a batch. */
  get sound() {
    return this.#value(SOUND) === true;
  }

  /** Whether the page's title shows progress while the page is in the background. */
  get progressInTitle() {
    return this.#value(TITLE) === true;
  }

  /**
   * Switch a setting off, as the user would.
   *
   * @param {string} id
   */
  switchOff(id) {
    this.#app.extensionManager.setting.set(id, false);
  }

  /** @param {string} id */
  #value(id) {
    return this.#app.extensionManager?.setting?.get(id);
  }
}

/**
 * The pack's entries in ComfyUI's settings window.
 *
 * @type {Setting[]}
 */
export const SETTINGS = [
  {
    id: LANGUAGE,
    category: ["Batch Loop", "Texts", "Language"],
    name: "Language of Batch Loop",
    tooltip: "ComfyUI's own, or another. Reload the page to apply it.",
    type: "combo",
    defaultValue: AS_COMFYUI,
    options: [
      { text: "As ComfyUI", value: AS_COMFYUI },
      ...Object.entries(LANGUAGES).map(([value, text]) => ({ text, value })),
    ],
  },
  {
    id: NOTIFICATION,
    category: ["Batch Loop", "Notices", "Notification"],
    name: "Browser notification at the end of a batch",
    tooltip: "Appears even when another window is in front. The browser asks for permission first.",
    type: "boolean",
    defaultValue: false,
  },
  {
    id: SOUND,
    category: ["Batch Loop", "Notices", "Sound"],
    name: "Sound at the end of a batch",
    tooltip: "Two short notes. They play once when you switch this on.",
    type: "boolean",
    defaultValue: false,
  },
  {
    id: TITLE,
    category: ["Batch Loop", "Notices", "Title"],
    name: "Progress in the title of a page in the background",
    tooltip: "While another tab is in front, this page's tab shows how many images are done.",
    type: "boolean",
    defaultValue: true,
  },
];

/**
 * The settings, with functions to call when the user switches one on.
 *
 * @param {Record<string, (() => void) | undefined>} handlers - by the setting's id
 * @returns {Setting[]}
 */
export function settingsThatCall(handlers) {
  return SETTINGS.map((setting) => {
    const handler = handlers[String(setting.id)];
    if (!handler) return setting;
    // ComfyUI also calls this when the page loads, without a previous value.
    const onChange = (/** @type {unknown} */ now, /** @type {unknown} */ before) => {
      if (now === true && before === false) handler();
    };
    return { ...setting, onChange };
  });
}
