import { attributed, button, element, setText } from "../dom.js";
import { MadeOfAllLinks } from "../made_of_all.js";
import { Progress } from "../progress_bar.js";
import { titleOf } from "../items.js";
import { t } from "../texts.js";
import { firstLine } from "./phases.js";

/**
 * @import { Failure, View } from "../../../types/server.d.ts"
 * @import { Figures } from "../figures.js"
 * @import { CompleteModel } from "./texts_and_buttons.js"
 */

/** Batch Complete's card: the tally, and the failed images with their reasons. */
export class CompleteCard {
  #chosen;
  #made;
  #progress = new Progress();
  #headline = attributed(element("div", "headline"), { role: "status" });
  #failures = attributed(element("ul", "failures"), {
    "aria-label": t("card.failures"),
    "data-capture-wheel": "true",
  });
  /** @type {Figures | null} */
  #figures = null;
  #listed = "";

  /**
   * @param {object} given
   * @param {(failure: Failure) => void} given.chosen - called when a failure is clicked
   * @param {(view: View) => string} given.addressOf - where the page gets a file that ComfyUI shows
   */
  constructor({ chosen, addressOf }) {
    this.#chosen = chosen;
    this.#made = new MadeOfAllLinks(addressOf);
    /** The card's content, at its natural height. */
    this.content = element(
      "div",
      "card-content",
      this.#headline,
      this.#progress.element,
      this.#made.element,
      this.#failures,
    );
    this.element = attributed(element("div", "card", this.content), {
      "data-card": "complete",
      role: "group",
      "aria-label": t("card.completeLabel"),
    });
  }

  /** The figures shown; null if there are none. */
  get figures() {
    return this.#figures;
  }

  /** @param {CompleteModel} model */
  show({ headline, figures, made, failures, more }) {
    this.#figures = figures;
    setText(this.#headline, headline);
    this.#progress.show(figures);
    this.#made.show(made);
    this.#list(failures, more);
  }

  /**
   * @param {Failure[]} failures
   * @param {number} more
   */
  #list(failures, more) {
    // Rebuilt only if it differs, as it may have the focus.
    const listed = JSON.stringify([failures, more]);
    if (listed === this.#listed) return;
    this.#listed = listed;
    this.#failures.hidden = failures.length === 0;
    this.#failures.replaceChildren(...failures.map((failure) => this.#entry(failure)));
    if (more > 0) this.#failures.append(element("li", "more", t("notice.more", { count: more })));
  }

  /** @param {Failure} failure */
  #entry(failure) {
    const { reason, node_id: id, node_type: type, unreadable } = failure;
    const name = titleOf(failure);
    const node = type ?? id;
    const where = unreadable || !node ? t("card.cannotBeRead") : t("card.atNode", { node });
    const entry = button("failure", "", () => this.#chosen(failure));
    entry.title = `${name}\n${where}\n${reason}`;
    entry.append(
      element("span", "failure-path", name),
      element("span", "failure-reason", firstLine(reason)),
    );
    return element("li", "failure-line", entry);
  }
}
