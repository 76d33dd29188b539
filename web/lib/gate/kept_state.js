/** @import { App } from "../../../types/comfyui.d.ts" */

/**
 * Await something while another workflow is being opened, with ComfyUI noting no change of the one
 * that leaves.
 *
 * Frontends without `beforeLoadGraph` have removed its nodes by then, and look for changes of it
 * whenever a prompt has been sent, or somebody clicks: its tab would be left with an empty
 * workflow.
 *
 * @param {App} app
 * @param {() => Promise<void>} wait
 */
export async function keepingState(app, wait) {
  const tracker = app.extensionManager.workflow?.activeWorkflow?.changeTracker;
  // ComfyUI's way of saying that several changes are one: until their end, it looks for none.
  tracker?.beforeChange();
  try {
    await wait();
  } finally {
    // Its `afterChange` would look.
    if (tracker) tracker.changeCount -= 1;
  }
}
