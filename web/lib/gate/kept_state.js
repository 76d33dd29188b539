/**
 * @import { App } from "../../../types/comfyui.d.ts"
 * @import { ChangeTracker, ChangeTrackers } from "../../../types/comfyui.d.ts"
 */

/**
 * Await something while another workflow is being opened, with ComfyUI noting no change of the one
 * that leaves.
 *
 * Frontends without `beforeLoadGraph` have removed its nodes by then, and look for changes of it
 * whenever a prompt has been sent, or somebody clicks, and some a moment after each change: its tab
 * would be left with an empty workflow.
 *
 * @param {App} app
 * @param {() => Promise<void>} wait
 */
export async function keepingState(app, wait) {
  const tracker = app.extensionManager.workflow?.activeWorkflow?.changeTracker;
  const lookAgain = tracker ? lookForNoChange(tracker) : () => {};
  try {
    await wait();
  } finally {
    lookAgain();
  }
}

/**
 * Have ComfyUI look for no change of a workflow; returns what ends that.
 *
 * @param {ChangeTracker} tracker
 */
function lookForNoChange(tracker) {
  const trackers = /** @type {ChangeTrackers} */ (tracker.constructor);
  if (trackers.isLoadingGraph === false) {
    // Newer frontends' way of saying that the graph is half loaded, as it is from here on.
    trackers.isLoadingGraph = true;
    return () => {
      trackers.isLoadingGraph = false;
    };
  }
  // The way of saying that several changes are one: until their end, it looks for none.
  tracker.beforeChange();
  return () => {
    // Its `afterChange` would look.
    tracker.changeCount -= 1;
  };
}
