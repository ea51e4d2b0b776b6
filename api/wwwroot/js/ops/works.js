// Deeds that are in hand: sent, waiting for a second operator, or running. They outlive the dialog they began in, and the
// page's reload, except where they hold what must not be stored.
import { change, get, run, upload, wish } from "./api.js";

const STORE = "cardshop.ops.works";
const POLL = 2_000;
const MOST_LINES = 2_000;

const WAITING = 5;

/** From an exit code of a command that ended without doing everything. */
const FAILED = { 1: "exitFailed", 2: "exitUsage", 3: "exitAway", 4: "exitRefused" };

const listeners = new Set();
let works = restored();
let timer = null;
let counter = 0;
let owner = null;

export const all = () => works;

/** Calls that after every change, with the work. Returns what ends it. */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Begins a deed.
 * @param about { title, place (hash of the view that it belongs to), request, secret (not stored), approval (given before) }
 *   request: { kind: "http", method, path, body } or { kind: "command", command, arguments, why } or { kind: "upload", path, file, why }
 */
export function begin({ title, place, request, secret = false, approval = null }) {
  const work = {
    id: `${Date.now()}-${++counter}`, title, place, request: { ...request, key: wish() }, secret: secret || request.kind === "upload",
    state: "running", approvalId: approval, lines: [], notes: [], part: null, step: null, said: null, by: owner, at: new Date().toISOString(),
  };
  works = [...works, work];
  perform(work);
  return work;
}

/** Once more under the approval, or the same wish again: what was done stays done. */
export function again(work) {
  Object.assign(work, { state: "running", lines: [], notes: [], part: null, step: null, trouble: null, said: null });
  return perform(work);
}

/** What ends where its connection closes, and goes on under the same wish: everything else runs to its end. */
const STOPS = new Set(["replay.plan", "replay.run", "replay.resume", "recover.plan"]);

export const canStop = work => work.state === "running" && (work.request.kind === "upload" || STOPS.has(work.request.command));

/** Sent, and not answered: whether it was done, nobody here knows. */
export const isAsked = work => work.state === "running" && work.request.kind === "http";

/** Failed in a way that leaves it open, or for a while only: the same wish may be sent again, and is done once. */
export const canTryAgain = work => work.state === "failed"
  && (work.trouble?.status === 0 || work.trouble?.status >= 500 || [401, 429].includes(work.trouble?.status));

/** Ends what can be stopped: what it has done stays, and it can be resumed. */
export const stop = work => work.abort?.abort();

/** It needs no more attention. */
export function dismiss(work) {
  if (work.state === "running") return;
  works = works.filter(w => w !== work);
  changed(work);
}

/** At the end of a session nothing of it is left. */
export function forget() {
  works.filter(w => w.state === "running" && w.request.kind !== "http").forEach(w => { if (canStop(w)) stop(w); });
  works = [];
  sessionStorage.removeItem(STORE);
  changed(null);
}

async function perform(work) {
  work.abort = new AbortController();
  changed(work);
  try {
    if (work.request.kind === "http") await send(work);
    else await stream(work);
  } catch (e) {
    if (e.name === "AbortError") {
      work.state = "failed";
      work.said = "stopped";
    } else if (e.status === undefined) {
      work.state = "failed";
      changed(work);
      throw e;
    } else {
      work.state = "failed";
      work.trouble = e;
    }
  }
  work.part = null;
  work.step = null;
  work.abort = null;
  changed(work);
}

async function send(work) {
  const { method, path, body, key } = work.request;
  const full = work.approvalId ? { ...body, approval: work.approvalId } : body;
  const { status, body: answer } = await change(method, path, full, key);
  if (status === 202) {
    wait(work, answer.approvalId, answer);
    return;
  }
  work.state = "done";
  work.said = answer.result === "repeated" ? "repeated" : "done";
  work.answer = answer;
}

async function stream(work) {
  const { kind, command, path, file, why } = work.request;
  const told = said => {
    if (said.line !== undefined) keep(work.lines, said.line);
    if (said.note !== undefined) {
      if (said.progress) {
        work.part = partOf(said.note);
        work.step = said.note; // it takes the place of the one before
      } else {
        keep(work.notes, said.note);
      }
    }
    changed(work);
  };
  const end = kind === "upload"
    ? await upload(path, file, why, part => { work.sent = part; changed(work); }, told, work.abort.signal)
    : await run({ command, arguments: work.request.arguments, why, approval: work.approvalId }, told, work.abort.signal);
  if (end.exit === WAITING) {
    wait(work, end.approvalId, {});
  } else if (end.exit === 0) {
    work.state = "done";
    work.said = "done";
  } else {
    work.state = "failed";
    work.said = FAILED[end.exit] ?? "exitFailed";
  }
}

function wait(work, approvalId, { expiresAt, detail, approver }) {
  Object.assign(work, { state: "waiting", approvalId, expiresAt: expiresAt ?? null, detail: detail ?? null, approver: approver ?? null });
}

/** "plan: 42 %, 1,234 records …" as 0.42; null where no part is named. */
function partOf(note) {
  const match = /: (\d{1,3})\s?%/.exec(note);
  return match ? Math.min(1, Number(match[1]) / 100) : null;
}

function keep(list, text) {
  list.push(text);
  if (list.length > MOST_LINES) list.shift();
}

function changed(work) {
  store();
  const waits = works.some(w => w.state === "waiting");
  if (waits && timer === null) timer = setInterval(look, POLL);
  if (!waits && timer !== null) {
    clearInterval(timer);
    timer = null;
  }
  listeners.forEach(listener => listener(work));
}

/** What became of the approvals that are waited for. */
async function look() {
  if (document.hidden) return;
  let approvals;
  try {
    ({ approvals } = await get("approvals"));
  } catch {
    return; // the next look will tell
  }
  for (const work of works.filter(w => w.state === "waiting")) {
    const approval = approvals.find(a => a.approvalId === work.approvalId);
    if (!approval || (approval.state === "pending")) continue;
    if (approval.state === "approved" && work.approver === approval.approver) continue; // known; it waits for its window
    Object.assign(work, {
      state: approval.state === "approved" ? "approved" : "failed", approver: approval.approver ?? null,
      said: approval.state === "approved" ? null : approval.state, objection: approval.objection ?? null,
      rejectedBy: approval.rejectedBy ?? null,
    });
    changed(work);
  }
}

function store() {
  const open = w => isAsked(w) || (w.request.kind === "http" && canTryAgain(w));
  const kept = works.filter(w => !w.secret && (w.state === "waiting" || w.state === "approved" || open(w)))
    .map(w => {
      const { abort, trouble, answer, ...work } = w;
      // A page that is loaded anew does not know what became of it; under its own key it is asked for once more.
      return { ...work, lines: [], notes: [], ...(open(w) ? { state: "failed", trouble: { status: 0 } } : {}) };
    });
  try {
    if (kept.length > 0) sessionStorage.setItem(STORE, JSON.stringify(kept));
    else sessionStorage.removeItem(STORE);
  } catch { /* for this page only, then */ }
}

function restored() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "[]").filter(w => w.request && w.title);
  } catch {
    return [];
  }
}

/** Looks after what is in hand of that operator; what another one began is his. */
export function resume(name) {
  owner = name;
  works = works.filter(w => w.by === name);
  changed(null);
}
