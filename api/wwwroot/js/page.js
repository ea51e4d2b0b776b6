// What every page shares: its frame, its language, and the making of elements. Text goes in as text, never as HTML.
import { texts } from "./texts.js";

const STORE = "cardshop.language";

const stored = (() => { try { return localStorage.getItem(STORE); } catch { return null; } })();
const wanted = stored ?? (navigator.languages ?? [navigator.language]).find(l => /^(zh|en)\b/i.test(l)) ?? "zh-CN";

/** "zh-CN" or "en". */
export const language = /^zh/i.test(wanted) ? "zh-CN" : "en";

/** The text of that name, with {0}, {1} … replaced. */
export function t(name, ...values) {
  const text = texts[language][name];
  if (text === undefined) throw new Error("No text " + name);
  return text.replace(/\{(\d)\}/g, (_, i) => String(values[i]));
}

/** An element. Attributes that are functions are listeners; children are elements or text; null is left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined));
  return element;
}

/** Minor units as the reader's language writes money. */
export function money({ currency, minor }) {
  try {
    const format = new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return `${(minor / 100).toFixed(2)} ${currency}`;
  }
}

/** A time as the reader's language writes it; nothing where it is none. */
export const when = text => Number.isNaN(Date.parse(text)) ? ""
  : new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));

/** The page once more, in that language, and every later one. */
export function switchLanguage(other) {
  try { localStorage.setItem(STORE, other); } catch { /* for this page only, then */ }
  location.reload();
}

/** Frame and title. Returns the place for the page's own content. */
export function page(title) {
  document.documentElement.lang = language;
  document.title = title ? `${title} · ${t("shop")}` : t("shop");
  const other = language === "en" ? ["zh-CN", "中文"] : ["en", "English"];
  const main = document.getElementById("main");
  main.before(
    el("a", { class: "skip", href: "#main", click: e => { e.preventDefault(); main.focus(); } }, t("skip")),
    el("header", { class: "top" }, el("div", {},
      el("a", { class: "name", href: "/" }, el("img", { src: "/icon.svg", alt: "", width: "28", height: "28" }), t("shop")),
      el("nav", { "aria-label": t("navigation") },
        el("a", { href: "/" }, t("products")),
        el("a", { href: "/find" }, t("myOrders")),
        el("button", { class: "plain", type: "button", lang: other[0], click: () => switchLanguage(other[0]) }, other[1])))));
  main.after(el("footer", {}, t("footer"), " ", el("a", { href: "/docs", lang: "en" }, "API")));
  return main;
}

/** Says something to screen readers without moving the focus. */
export function announce(text) {
  let place = document.getElementById("said");
  if (!place) {
    place = el("div", { id: "said", class: "hidden", role: "status", "aria-live": "polite" });
    document.body.append(place);
  }
  place.textContent = text;
}

/** A question with two answers. Resolves to true for yes. */
export function ask(question, yes, no) {
  return new Promise(resolve => {
    const dialog = el("dialog", { "aria-label": question, close: () => { resolve(dialog.returnValue === "yes"); dialog.remove(); } },
      el("form", { method: "dialog" }, el("p", {}, question),
        el("div", { class: "row" },
          el("button", { class: "main", value: "yes" }, yes), el("button", { value: "no", autofocus: true }, no))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Copies text; falls back where the page is not served securely. Resolves to whether it worked. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { class: "hidden", "aria-hidden": "true", tabindex: "-1" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
