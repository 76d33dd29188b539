/**
 * What is to run soon, in order; a channel is open while there is any.
 *
 * @type {(() => void)[]}
 */
const waiting = [];
/** @type {MessageChannel | null} */
let channel = null;

/**
 * Run something in a task of its own, after what the frontend does for the same event. Browsers
 * delay timers of a page in the background, but not this.
 *
 * @param {() => void} turn
 */
export function soon(turn) {
  waiting.push(turn);
  channel ??= opened();
  channel.port2.postMessage(null);
}

/** A channel whose messages each run the first that waits. It takes longer to open than to use. */
function opened() {
  const made = new MessageChannel();
  made.port1.onmessage = () => {
    const turn = waiting.shift();
    if (waiting.length === 0) {
      made.port1.close();
      channel = null;
    }
    turn?.();
  };
  return made;
}
