import { attributed, button, element } from "./dom.js";
import { t } from "./texts.js";

/**
 * Ask a person before something is done; resolves to whether they want it.
 *
 * @param {object} given
 * @param {string} given.title
 * @param {string} given.message
 * @param {string} given.yes - the label of the button that does it
 * @returns {Promise<boolean>}
 */
export async function ask({ title, message, yes }) {
  const heading = element("h2", "browser-title", title);
  heading.id = "batch-loop-question-title";
  const text = element("p", "question-text", message);
  text.id = "batch-loop-question-text";
  const cancel = button("button", t("browser.cancel"), () => dialog.close(""));
  const does = button("button batch-loop-button-primary", yes, () => dialog.close("yes"));
  const dialog = element(
    "dialog",
    "browser batch-loop-question",
    heading,
    text,
    element("div", "browser-buttons", cancel, does),
  );
  attributed(dialog, { "aria-labelledby": heading.id, "aria-describedby": text.id });
  // Keys in the window must not trigger ComfyUI's shortcuts for the workflow behind it.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  does.focus();
  await new Promise((resolve) => dialog.addEventListener("close", resolve));
  dialog.remove();
  if (before instanceof HTMLElement) before.focus();
  return dialog.returnValue === "yes";
}
