// The operators' HTTP interface from a page: the session's cookie goes along, and a header that no other site can send.
// Every call ends: with an answer, or with a Trouble that says what went wrong in the API's own words.

import { who } from "./roles.js";

const BASE = "/v1/admin/";
const OURS = { "CardShop-Console": "1" };

/** HTTP status (0 = the shop was not reached), the API's title and detail, and errors per field. */
export class Trouble extends Error {
  constructor(status, problem, retryAfter = null) {
    super(problem?.title ?? "");
    this.status = status;
    this.title = problem?.title ?? null;
    this.detail = problem?.detail ?? null;
    this.fields = problem?.errors ?? {};
    this.retryAfter = retryAfter;
  }
}

let listener = () => {};

// Counts the sessions of this page: a late refusal of what an earlier one had asked says nothing about this one.
let session = 0;

/** Calls that when the shop no longer knows the session. */
export const onEnded = called => { listener = called; };

function ended(asked) {
  if (asked === session) listener();
}

/** Whom this page takes for logged in: another tab may have logged in somebody else, and the cookie is the browser's. */
const by = () => who() ? { "Operator-Name": who().name } : {};

/** A key under which one wish, however often it is sent, is done once. */
export function wish() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map(b => b.toString(16).padStart(2, "0")).join("");
}

/** Reads JSON. Throws Trouble. */
export const get = (path, seconds = 15) => answer("GET", path, { seconds });

/**
 * Sends a change. Answers { status, body }: 202 where a second operator has to approve it. Throws Trouble.
 * The same key for the same wish: then a repeat changes nothing.
 */
export async function change(method, path, body, key) {
  const response = await send(method, path, { body, headers: { "Idempotency-Key": key }, seconds: 30 });
  return { status: response.status, body: await json(response) };
}

// That there is a session: its cookie is not for scripts, and to ask the shop without one is a refusal in its audit.
const SESSION = "cardshop.ops.session";

/** True where this browser has logged in and not out: the session may have ended since. */
export function hadSession() {
  try { return localStorage.getItem(SESSION) !== null; } catch { return true; }
}

function note(open) {
  try { open ? localStorage.setItem(SESSION, "1") : localStorage.removeItem(SESSION); } catch { /* the shop is asked, then */ }
}

/** Opens the session. Throws Trouble: 401 for a wrong key, 429 where the network is locked out. */
export async function login(key) {
  const me = await answer("POST", "session", { body: { key }, quiet: true });
  session++;
  note(true);
  return me;
}

/** Ends the session. Throws Trouble where it goes on. */
export async function logout() {
  try {
    await send("DELETE", "session", { quiet: true });
  } catch (e) {
    if (e.status !== 401) throw e;
  }
  note(false);
}

/**
 * Runs an operator's command. Calls told with each line as it comes: { line }, { note } or { exit, approvalId? }.
 * Resolves to { exit, approvalId?, lines, notes }. Throws Trouble.
 */
export async function run({ command, arguments: args = {}, why, approval }, told = () => {}, signal = undefined) {
  const body = { command, arguments: args };
  if (why) body.why = why;
  if (approval) body.approval = approval;
  const response = await send("POST", "commands", { body, signal, seconds: 0 });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const stream = new Lines(told);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      stream.add(value);
    }
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new Trouble(0);
  }
  return stream.end();
}

/** The JSON that a command writes as its result. Throws Trouble where it has none. */
export async function ask(command, args = {}, signal = undefined) {
  const { exit, lines, notes } = await run({ command, arguments: args }, undefined, signal);
  if (exit !== 0) throw new Trouble(0, { title: notes.join("\n") || lines.join("\n") || String(exit) });
  return JSON.parse(lines.join("\n"));
}

/**
 * Sends a file with keys. Calls sent with the part that has gone out, 0 to 1, then told as run does. Resolves as run does.
 * By XMLHttpRequest: it alone tells how far an upload has come.
 */
export function upload(path, file, why, sent, told, signal) {
  return new Promise((resolve, reject) => {
    const asked = session;
    const request = new XMLHttpRequest();
    const stream = new Lines(told);
    let read = 0;
    const more = () => {
      if (request.status !== 200) return;
      stream.add(request.responseText.slice(read));
      read = request.responseText.length;
    };
    request.open("POST", BASE + path);
    for (const [name, value] of Object.entries({ ...OURS, ...by() })) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (why) request.setRequestHeader("Why", encodeURIComponent(why));
    request.upload.onprogress = e => { if (e.lengthComputable) sent(e.loaded / e.total); };
    request.onprogress = more;
    request.onload = () => {
      if (request.status === 200) {
        more();
        try { resolve(stream.end()); } catch (e) { reject(e); }
        return;
      }
      if (request.status === 401) ended(asked);
      let problem = null;
      try { problem = JSON.parse(request.responseText); } catch { /* an answer of something between here and the shop */ }
      reject(new Trouble(request.status, problem));
    };
    request.onerror = () => reject(new Trouble(0));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/** A file that the session has to be shown for: its bytes. Throws Trouble. */
export async function blob(path) {
  return (await send("GET", path, { seconds: 60, accept: "*/*" })).blob();
}

/** One JSON object per line, as they come in. */
class Lines {
  constructor(told) {
    this.told = told;
    this.rest = "";
    this.lines = [];
    this.notes = [];
    this.last = null;
  }

  add(text) {
    const parts = (this.rest + text).split("\n");
    this.rest = parts.pop();
    parts.forEach(part => this.take(part));
  }

  take(text) {
    if (!text.trim()) return;
    const said = JSON.parse(text);
    if (said.line !== undefined) this.lines.push(said.line);
    else if (said.note !== undefined) this.notes.push(said.note);
    else this.last = said;
    this.told(said);
  }

  end() {
    this.take(this.rest);
    if (this.last?.exit === undefined) throw new Trouble(0);
    return { ...this.last, lines: this.lines, notes: this.notes };
  }
}

async function answer(method, path, options) {
  return json(await send(method, path, options));
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    throw new Trouble(0);
  }
}

async function send(method, path, { body, headers = {}, signal, seconds = 15, quiet = false, accept = "application/json" } = {}) {
  const all = { Accept: accept, ...OURS, ...by(), ...headers };
  if (body !== undefined) all["Content-Type"] = "application/json";
  const signals = [signal, seconds > 0 ? AbortSignal.timeout(seconds * 1000) : null].filter(Boolean);
  const asked = session;
  let response;
  try {
    response = await fetch(BASE + path, {
      method, headers: all, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
      credentials: "same-origin", referrerPolicy: "no-referrer", signal: signals.length > 0 ? AbortSignal.any(signals) : undefined,
    });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new Trouble(0);
  }
  if (response.ok) return response;
  if (response.status === 401 && !quiet) ended(asked);
  let problem = null;
  try { problem = await response.json(); } catch { /* an answer of something between here and the shop */ }
  throw new Trouble(response.status, problem, Number(response.headers.get("Retry-After")) || null);
}
