/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} name - its class, without the pack's prefix
 * @param {...(HTMLElement | string)} children - strings become plain text, never HTML
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, name, ...children) {
  const made = document.createElement(tag);
  made.className = `batch-loop-${name}`;
  made.append(...children);
  return made;
}

/**
 * One of ComfyUI's icons (PrimeIcons); its meaning must be in text beside it.
 *
 * @param {string} name
 */
export function icon(name) {
  const made = document.createElement("i");
  made.className = `pi pi-${name}`;
  made.setAttribute("aria-hidden", "true");
  return made;
}

/**
 * A button.
 *
 * @param {string} name - its class, without the pack's prefix
 * @param {string} label
 * @param {() => void} pressed
 */
export function button(name, label, pressed) {
  const made = element("button", name, label);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}

/**
 * Set several attributes.
 *
 * @template {Element} Target
 * @param {Target} target
 * @param {Record<string, string | number>} attributes
 * @returns {Target}
 */
export function attributed(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, `${value}`);
  return target;
}

/**
 * Set an element's text, unless it is the same already: this keeps a selection, screen readers do
 * not repeat it, and the browser does not lay out the page again.
 *
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
