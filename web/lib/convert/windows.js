import { attributed, button, element, icon } from "../dom.js";
import { t } from "../texts.js";

/** @import { Candidate } from "./make_batch.js" */

/**
 * Ask which Load Image is the batch's folder; null if the window is closed.
 *
 * @param {Candidate[]} candidates
 * @param {(file: string) => string} pictureOf - the address of an image's picture
 * @returns {Promise<Candidate | null>}
 */
export async function askWhich(candidates, pictureOf) {
  /** @type {Candidate | null} */
  let chosen = null;
  const entries = candidates.map((candidate) => {
    const entry = entryOf(candidate, pictureOf);
    entry.addEventListener("click", () => {
      chosen = candidate;
      dialog.close();
    });
    return element("li", "browser-line", entry);
  });
  const cancel = button("button", t("browser.cancel"), () => dialog.close());
  const dialog = windowOf(
    t("convert.which.title"),
    element("p", "browser-status", t("convert.which.how")),
    element("ul", "browser-folders", ...entries),
    element("div", "browser-buttons", cancel),
  );
  await shown(dialog);
  return chosen;
}

/** Covers the page while the folder is chosen in the operating system's dialog. */
export class Cover {
  /**
   * The outcome of the choice; nothing, if the user does not wait for it.
   *
   * @template Choice
   * @param {Promise<Choice>} choice
   * @returns {Promise<Choice | null>}
   */
  async over(choice) {
    const cancel = button("button", t("browser.cancel"), () => dialog.close());
    const dialog = windowOf(
      t("browser.title"),
      element("p", "browser-status", t("convert.elsewhere")),
      element("div", "browser-buttons", cancel),
    );
    const closed = shown(dialog).then(() => null);
    try {
      return await Promise.race([choice, closed]);
    } finally {
      dialog.close();
    }
  }
}

/**
 * @param {Candidate} candidate
 * @param {(file: string) => string} pictureOf
 */
function entryOf({ title, file }, pictureOf) {
  const words = element("span", "which-words", element("strong", "which-name", title), file);
  const picture = pictureIn(file, pictureOf);
  const entry = element("button", "browser-folder batch-loop-which", picture, words);
  entry.type = "button";
  return entry;
}

/**
 * @param {string} file
 * @param {(file: string) => string} pictureOf
 */
function pictureIn(file, pictureOf) {
  const picture = attributed(element("img", "which-picture"), { alt: "", src: pictureOf(file) });
  const place = element("span", "which-place", picture);
  picture.addEventListener("error", () => place.replaceChildren(icon("image")));
  return place;
}

/**
 * @param {string} title
 * @param {...HTMLElement} content
 */
function windowOf(title, ...content) {
  const heading = element("h2", "browser-title", title);
  heading.id = "batch-loop-convert-title";
  const dialog = element("dialog", "browser", heading, ...content);
  attributed(dialog, { "aria-labelledby": heading.id });
  // Keys in the window must not trigger ComfyUI's shortcuts for the workflow behind it.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  return dialog;
}

/**
 * Show a window until it is closed.
 *
 * @param {HTMLDialogElement} dialog
 */
async function shown(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve));
  dialog.remove();
}
