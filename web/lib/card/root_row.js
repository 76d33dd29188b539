import { attributed, button, element } from "../dom.js";
import { t } from "../texts.js";

/** @import { Folders } from "../../../types/server.d.ts" */

/** @typedef {Folders["folders"][number]} Root */

/** The allowed folders in a row, one click away from wherever the user is. */
export class RootRow {
  element = element("div", "browser-roots");
  #open;
  /** @type {{ path: string, entry: HTMLButtonElement }[]} */
  #entries = [];

  /** @param {(path: string) => void} open */
  constructor(open) {
    this.#open = open;
    attributed(this.element, { role: "group", "aria-label": t("browser.roots") });
  }

  /** @param {Root[]} roots */
  show(roots) {
    this.#entries = roots.map((root) => {
      const entry = button("button", nameOf(root, roots), () => this.#open(root.path));
      entry.title = root.path;
      return { path: root.path, entry };
    });
    const entries = this.#entries.map(({ entry }) => entry);
    this.element.replaceChildren(element("span", "browser-status", t("browser.roots")), ...entries);
  }

  /**
   * Whether a folder is inside an allowed one, or is one.
   *
   * @param {string} folder
   */
  holds(folder) {
    return this.#entries.some(({ path }) => isIn(folder, path));
  }

  /**
   * Mark the innermost allowed folder around one.
   *
   * @param {string} folder
   */
  mark(folder) {
    const around = this.#entries.filter(({ path }) => isIn(folder, path));
    const inner = around.sort((one, other) => other.path.length - one.path.length)[0];
    for (const { entry } of this.#entries) {
      if (entry === inner?.entry) entry.setAttribute("aria-current", "location");
      else entry.removeAttribute("aria-current");
    }
  }
}

/**
 * ComfyUI's own folders have short names; others have their full paths, of which the last part is
 * enough where no two have the same.
 *
 * @param {Root} root
 * @param {Root[]} roots
 */
function nameOf({ name }, roots) {
  const last = lastPart(name);
  return roots.filter((other) => lastPart(other.name) === last).length === 1 ? last : name;
}

/** @param {string} path */
export function lastPart(path) {
  return path.split(/[\\/]/).findLast(Boolean) ?? path;
}

/**
 * Whether a folder is inside another, or is it.
 *
 * @param {string} folder
 * @param {string} root
 */
export function isIn(folder, root) {
  return folder === root || ["/", "\\"].some((separator) => folder.startsWith(withEnd(root, separator)));
}

/**
 * @param {string} path
 * @param {string} separator
 */
function withEnd(path, separator) {
  return path.endsWith(separator) ? path : path + separator;
}
