import { button, element, icon } from "../dom.js";

/**
 * A button with an icon and a label; with an empty label it needs another accessible name.
 *
 * @param {string} name - its class, without the pack's prefix
 * @param {string} picture - the icon's name
 * @param {string} label
 * @param {() => void} pressed
 */
export function iconButton(name, picture, label, pressed) {
  const made = button(`panel-button batch-loop-${name}`, "", pressed);
  made.append(icon(picture));
  if (label) made.append(element("span", "button-label", label));
  return made;
}
