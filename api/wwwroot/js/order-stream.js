// Follows one order: by server-sent events, and by asking again while those do not come. Survives sleep, a lost network and
// a restarted shop. EventSource cannot send the token in a header, and in the address it would end in logs; so fetch reads.
import { call, send, Trouble } from "./api.js";

const SILENCE = 40_000; // the shop says something every 15 s
const FIRST_PAUSE = 500;
const ASK_PAUSE = 3_000;
const LONGEST_PAUSE = 10_000;

// What has ended without goods can go on all the same: money may have been under way. Asked for as long as somebody may still look.
const MAY_GO_ON = new Set(["expired", "cancelled"]);
const LOOK_AGAIN = 20_000;
const LOOKS = 180;

const pauseOf = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

/**
 * Calls `onOrder(view)` for every state and `onLink(ok)` when the connection comes or goes. Ends by itself after the last state,
 * for an expired or cancelled order an hour later.
 * Calls `onGone(trouble)` and ends where there is no such order.
 */
export function follow(id, token, { onOrder, onLink, onGone }) {
  const path = "/v1/orders/" + id;
  let wake = () => {};
  let reading = null;
  let status = null;
  // Woken from sleep or back online: what is open may be dead without knowing it.
  const again = () => { if (!document.hidden) { reading?.abort(); wake(); } };
  addEventListener("online", again);
  let hiddenSince = null;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hiddenSince = Date.now();
    else if (hiddenSince !== null && Date.now() - hiddenSince > SILENCE) again();
  });
  run();

  async function run() {
    for (let pause = FIRST_PAUSE; ;) {
      let streamed = false;
      const order = view => { status = view.status; onLink(true); onOrder(view); };
      try {
        if (await read(view => { streamed = true; order(view); }) && !await goesOn(order)) return;
      } catch (e) {
        if (gone(e)) return;
        try {
          order(await call(path, { token }));
        } catch (asked) {
          if (gone(asked)) return;
          onLink(false);
        }
        // A shop that has no place for another stream has none for a page that asks without end either.
        pause = Math.max(pause, e instanceof Trouble && e.status !== 0 ? Math.max(ASK_PAUSE, (e.retryAfter ?? 0) * 1000) : 0);
      }
      pause = streamed ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
      await new Promise(resolve => {
        wake = resolve;
        setTimeout(resolve, pause * (0.75 + Math.random() / 2));
      });
    }
  }

  /** After the end: true where the order has another status by and by, which is told. */
  async function goesOn(order) {
    const ended = status;
    for (let look = 0; MAY_GO_ON.has(ended) && look < LOOKS; look++) {
      await pauseOf(LOOK_AGAIN * (0.75 + Math.random() / 2));
      if (document.hidden) continue;
      try {
        const view = await call(path, { token });
        if (view.degraded || view.status === ended) continue;
        order(view);
        return true;
      } catch { /* the next look will tell */ }
    }
    return false;
  }

  function gone(e) {
    if (!(e instanceof Trouble && (e.status === 401 || e.status === 404))) return false;
    onGone(e);
    return true;
  }

  /** Reads the stream to its end. True where that was the order's end. */
  async function read(order) {
    reading = new AbortController();
    let silence = setTimeout(() => reading.abort(), SILENCE);
    try {
      const response = await send(path + "/events", { token, headers: { Accept: "text/event-stream" }, signal: reading.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { value, done } = await reader.read();
        if (done) return false;
        clearTimeout(silence);
        silence = setTimeout(() => reading.abort(), SILENCE);
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          const name = /^event: (.*)$/m.exec(event)?.[1];
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (name === "order" && data) order(JSON.parse(data));
          else if (name === "end") return true;
          else onLink(true);
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }
}
