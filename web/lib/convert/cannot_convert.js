/** @import { Refusal } from "../../../types/convert.d.ts" */

/** Why a workflow, or one of its nodes, cannot become a batch. */
export class CannotConvert extends Error {
  /** @param {Refusal} refusal */
  constructor({ reason, values }) {
    super(reason);
    this.reason = reason;
    this.values = values;
  }
}

/**
 * @param {string} reason
 * @param {Refusal["values"]} [values]
 * @returns {never}
 */
export function refuse(reason, values = {}) {
  throw new CannotConvert({ reason, values });
}
