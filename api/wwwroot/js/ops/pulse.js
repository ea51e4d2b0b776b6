// One look at the shop every few seconds, for the overview and for the numbers beside the views; none while nobody looks.
import { get } from "./api.js";
import { added, sampleOf } from "./history.js";
import { who } from "./roles.js";

const NEAR = 2_000;
const FAR = 10_000;

let listeners = new Set();
let timer = null;
let every = FAR;
let running = false;
let looking = false;
let turn = 0;
let askedAt = -Infinity;

/** What was seen last: { overview, samples, approvals (of others, waiting), trouble }. It outlives a view, so that a chart goes on where it was. */
export const seen = { overview: null, samples: [], approvals: 0, trouble: null };

/** Calls that after every look, and at once with what was seen last. Returns what ends it. */
export function onBeat(listener) {
  listeners.add(listener);
  if (seen.overview) listener(seen);
  return () => listeners.delete(listener);
}

export function start() {
  running = true;
  look();
}

export function stop() {
  running = false;
  looking = false;
  turn++; // what is under way belongs to the session that ended
  clearTimeout(timer);
  listeners = new Set();
  askedAt = -Infinity;
}

/** Every two seconds for the overview, more rarely for the rest. */
export function hurry(near) {
  every = near ? NEAR : FAR;
  if (running) plan();
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && running) look(); });

function plan() {
  clearTimeout(timer);
  timer = setTimeout(look, every);
}

async function look() {
  if (looking || !running) return;
  if (document.hidden) return; // the next time that it is seen
  looking = true;
  const mine = turn;
  try {
    const overview = await get("overview");
    if (mine !== turn) return;
    seen.overview = overview;
    seen.samples = added(seen.samples, sampleOf(overview));
    if (performance.now() - askedAt >= FAR) {
      askedAt = performance.now();
      seen.approvals = (await get("approvals")).approvals.filter(a => a.state === "pending" && a.by !== who()?.name).length;
    }
    seen.trouble = null;
  } catch (e) {
    if (mine === turn) seen.trouble = e;
  } finally {
    if (mine === turn) looking = false;
  }
  if (mine !== turn) return;
  listeners.forEach(listener => listener(seen));
  plan();
}
