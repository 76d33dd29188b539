/** A poller with a clock that the test advances. */
import { Poller } from "../../web/lib/poller.js";

function newClock() {
  const timers = new Map();
  let at = 0;
  let count = 0;
  return {
    now: () => at,
    setTimer: (turn, ms) => {
      timers.set((count += 1), { turn, due: at + ms });
      return count;
    },
    clearTimer: (timer) => timers.delete(timer),
    /** Let time pass, and everything that is due happen. */
    async pass(ms) {
      const end = at + ms;
      for (;;) {
        const [next] = [...timers].sort(([, one], [, other]) => one.due - other.due);
        if (!next || next[1].due > end) break;
        const [timer, { turn, due }] = next;
        timers.delete(timer);
        at = due;
        turn();
        await new Promise((resume) => setImmediate(resume));
      }
      at = end;
    },
  };
}

/** A poller of a server, with its clock, and a page that can be hidden and shown. */
export function polling(server) {
  const clock = newClock();
  const page = new EventTarget();
  page.visibilityState = "visible";
  const setHidden = (hidden) => {
    page.visibilityState = hidden ? "hidden" : "visible";
    page.dispatchEvent(new Event("visibilitychange"));
  };
  return { clock, poller: new Poller({ server, page, clock }), setHidden };
}
