// The Idempotency-Key of a form: the same content sent again, by a second click, after a reload or a lost answer, is the
// same order. Kept in this tab until the shop has answered; the content itself is not kept, only a short hash of it.
export class Draft {
  #place;

  constructor(name) {
    this.#place = "cardshop.draft." + name;
  }

  /** The key for that content: the one of the last try if it said the same, else a fresh one. */
  keyFor(body) {
    const hash = fingerprint(JSON.stringify(body));
    const last = this.#read();
    if (last?.hash === hash) return last.key;
    const key = Array.from(crypto.getRandomValues(new Uint8Array(24)), b => b.toString(16).padStart(2, "0")).join("");
    try { sessionStorage.setItem(this.#place, JSON.stringify({ hash, key })); } catch { this.held = { hash, key }; }
    return key;
  }

  /** The order is placed: the next one is another, whatever it says. */
  done() {
    this.held = null;
    try { sessionStorage.removeItem(this.#place); } catch { /* nothing was kept */ }
  }

  #read() {
    try { return this.held ?? JSON.parse(sessionStorage.getItem(this.#place)); } catch { return this.held ?? null; }
  }
}

/** 53 bits (cyrb53): tells one content from the next; it is no secret and proves nothing. */
function fingerprint(text) {
  let a = 0xdeadbeef, b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
