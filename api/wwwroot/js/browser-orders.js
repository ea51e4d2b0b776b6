// The orders of this browser, kept on this device alone: who can open this browser can open them, which the page says.
const STORE = "cardshop.orders";
const MOST = 1_000;

function read() {
  try {
    const list = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(list) ? list.filter(o => parse(`#${o?.id}.${o?.token}`) !== null) : [];
  } catch {
    return [];
  }
}

function write(list) {
  try {
    localStorage.setItem(STORE, JSON.stringify(list.slice(0, MOST)));
    return true;
  } catch {
    return false;
  }
}

/** Newest first: [{ id, token, sku, at }]. */
export const all = read;

/** Remembers an order. An order that is known keeps its place. */
export function remember(order) {
  return update(order) || write([order, ...read()]);
}

/** What is now known of an order that is remembered. One that was taken off the list does not come back by it. */
export function update(order) {
  const list = read();
  const known = list.find(o => o.id === order.id);
  if (known) Object.assign(known, order);
  return known !== undefined && write(list);
}

export const forget = id => write(read().filter(o => o.id !== id));

/** The address of an order's page. The token stands behind '#': it is sent to no server and in no Referer. */
export const address = (id, token) => `/order#${id}.${token}`;

/** { id, token } of an address, a fragment, or "id.token"; null where it is none. */
export function parse(text) {
  const match = /(?:^|#)([a-z][a-z2-7]{25})\.([A-Za-z0-9_-]{20,400})\s*$/.exec(text.trim());
  return match ? { id: match[1], token: match[2] } : null;
}
