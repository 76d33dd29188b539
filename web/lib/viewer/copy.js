/**
 * Put a text on the clipboard; returns whether that worked.
 *
 * @param {string} text
 * @param {HTMLElement} place - in the window that has the focus
 */
export async function copy(text, place) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers have that only for pages by HTTPS, and for those of this machine.
    return copyOfSelection(text, place);
  }
}

/**
 * @param {string} text
 * @param {HTMLElement} place
 */
function copyOfSelection(text, place) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "batch-loop-unseen";
  place.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
