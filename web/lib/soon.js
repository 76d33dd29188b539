/**
 * Run something in a task of its own, after what the frontend does for the same event. Browsers
 * delay timers of a page in the background, but not this.
 *
 * @param {() => void} turn
 */
export function soon(turn) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    turn();
  };
  port2.postMessage(null);
}
