// The shop's HTTP interface: every call ends, with an answer or with a Trouble that says what to do.

/** What went wrong: HTTP status (0 = the shop was not reached), text for people, errors per field, and the order that it may be about. */
export class Trouble extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.title ?? "");
    this.status = status;
    this.detail = problem?.detail ?? null;
    this.fields = problem?.errors ?? {};
    this.retryAfter = retryAfter;
    this.order = problem?.orderId && problem.token ? { id: problem.orderId, token: problem.token } : null;
  }
}

let ahead = 0;

/** The shop's clock in milliseconds, to about a second: a countdown must not trust the clock of a phone. */
export const shopNow = () => Date.now() + ahead;

/** Sends a request and reads its JSON. Throws Trouble. */
export async function call(path, { method = "GET", body, token, headers = {}, seconds = 15 } = {}) {
  const response = await send(path, { method, body, token, headers, signal: AbortSignal.timeout(seconds * 1000) });
  try {
    return await response.json();
  } catch {
    throw new Trouble(0);
  }
}

/** Sends a request. Throws Trouble for everything but success. */
export async function send(path, { method = "GET", body, token, headers = {}, signal } = {}) {
  const all = { Accept: "application/json", ...headers };
  if (body !== undefined) all["Content-Type"] = "application/json";
  if (token) all.Authorization = "Bearer " + token;
  let response;
  try {
    response = await fetch(path, {
      method, headers: all, body: body === undefined ? undefined : JSON.stringify(body), signal,
      cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer",
    });
  } catch {
    throw new Trouble(0);
  }
  const said = Date.parse(response.headers.get("Date") ?? "");
  if (said) ahead = said + 500 - Date.now(); // the header has whole seconds
  if (response.ok) return response;
  let problem = null;
  try { problem = await response.json(); } catch { /* an answer of something between here and the shop */ }
  throw new Trouble(response.status, problem, Number(response.headers.get("Retry-After")) || null);
}

/** What is on the list, without descriptions, and the channels. */
export const products = () => call("/v1/products");

/** One product with all that there is to read, and the channels; also one that is not on the list. */
export const product = sku => call("/v1/products/" + encodeURIComponent(sku));
