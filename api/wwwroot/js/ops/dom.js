// Small parts that the console's views are made of. Text goes in as text, never as HTML.
import { el, language, money } from "../page.js";
import { words } from "./texts.js";
import { leastOf, may } from "./roles.js";

export { el, language, money };

/** The console's text of that name, with {0}, {1} … replaced. */
export function t(name, ...values) {
  const text = words[language][name];
  if (text === undefined) throw new Error("No text " + name);
  return text.replace(/\{(\d)\}/g, (_, i) => String(values[i]));
}

/** The text of that name; where there is none, the last part of the name itself: a word of a newer server. */
export function word(group, name) {
  return words[language][`${group}.${name}`] ?? String(name);
}

export const number = n => n === null || n === undefined ? "–" : new Intl.NumberFormat(language).format(n);

/** A count that ends at a cap: 1000 is said as 1000+. */
export const capped = n => n >= 1000 ? number(n) + "+" : number(n);

export const fixed = (n, digits = 1) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: 0, maximumFractionDigits: digits }).format(n);

/** A time to the second, as the reader's clock shows it, in an element that says the zone on hover. */
export function time(text) {
  const at = Date.parse(text ?? "");
  if (Number.isNaN(at)) return "–";
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  const shown = new Intl.DateTimeFormat(language, today
    ? { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }
    : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(date);
  return el("time", { datetime: date.toISOString(), title: date.toISOString() }, shown);
}

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return t("ms", Math.round(seconds * 1000));
  if (seconds < 90) return t("sec", fixed(seconds, seconds < 10 ? 1 : 0));
  if (seconds < 5400) return t("min", fixed(seconds / 60, 0));
  return seconds < 172800 ? t("hours", fixed(seconds / 3600, 1)) : t("days", fixed(seconds / 86400, 1));
}

export const badge = (text, kind = "") => el("span", { class: "badge " + kind }, text);

export const code = text => el("code", {}, text ?? "–");

/** A list of facts; those that are null are left out. */
export const facts = pairs => el("dl", { class: "facts" },
  pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

/**
 * A table in a frame that scrolls for itself. Columns: [heading, row => cell, class?]. A cell is text, an element, or a list.
 */
export function table(caption, columns, rows, { empty = t("nothing") } = {}) {
  if (rows.length === 0) return el("p", { class: "empty" }, empty);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "hidden" }, caption),
      el("thead", {}, el("tr", {}, columns.map(([heading, , kind]) =>
        el("th", { scope: "col", class: kind }, heading || el("span", { class: "hidden" }, t("actions")))))),
      el("tbody", {}, rows.map(row => el("tr", {},
        columns.map(([, cell, kind]) => el("td", { class: kind }, cell(row))))))));
}

/** A part of a view under its own heading; what comes after the heading's text stands at its right. */
export function part(title, content, ...tools) {
  return el("section", { class: "part", "aria-label": title },
    el("div", { class: "head" }, el("h2", {}, title), el("div", { class: "tools" }, tools)), content);
}

/** A view's heading, with what stands at its right. */
export const heading = (title, ...tools) =>
  el("div", { class: "head view" }, el("h1", { tabindex: "-1" }, title), el("div", { class: "tools" }, tools));

/** A button for a deed: disabled, and saying why, where the role does not allow it. */
export function deedButton(text, action, click, { kind = "", disabled = false } = {}) {
  const allowed = may(action);
  return el("button", {
    type: "button", class: kind, click, disabled: !allowed || disabled, "data-action": action,
    title: allowed ? null : t("takesRole", word("role", leastOf(action))),
  }, text);
}

/** One line where the role does not allow that: why the buttons below do nothing. */
export const roleHint = action => may(action) ? null
  : el("p", { class: "hint", role: "note" }, t("notYours", word("role", leastOf(action))));

export const notice = (text, kind = "") => el("p", { class: "notice " + kind, role: kind === "bad" ? "alert" : "status" }, text);

/** What a Trouble says, for people. */
export function troubleText(trouble) {
  if (trouble.status === 429) return t("tooMany", trouble.retryAfter ?? 10);
  if (trouble.status === 401) return t("sessionEnded");
  const said = [trouble.title, trouble.detail].filter(Boolean).join(language === "en" ? ". " : "。").replace(/\.\. /g, ". ");
  const fields = Object.entries(trouble.fields ?? {}).map(([name, texts]) => `${name}: ${texts.join(" ")}`);
  return [said || (trouble.status === 0 ? t("pulseLost") : t("refused", trouble.status)), ...fields].join("\n");
}

let fields = 0;

/** A field of a form: { element, input, complain(text|null) }. */
export function field(name, label, { help = null, tag = "input", options = null, ...attributes } = {}) {
  const id = `f${++fields}-${name}`;
  const input = el(options ? "select" : tag, {
    id, name, "aria-describedby": [help ? id + "-help" : null, id + "-error"].filter(Boolean).join(" "), ...attributes,
  }, options?.map(([value, text]) => el("option", { value }, text)) ?? []);
  if (options && attributes.value !== undefined) input.value = attributes.value;
  if (tag === "textarea" && attributes.value) input.value = attributes.value;
  const error = el("p", { class: "error", id: id + "-error", hidden: true });
  return {
    input,
    element: el("div", { class: "field " + (attributes.type === "checkbox" ? "check" : "") }, el("label", { for: id }, label), input,
      help ? el("p", { class: "soft", id: id + "-help" }, help) : null, error),
    complain(text) {
      error.hidden = !text;
      error.textContent = text ?? "";
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/** "50.00" as minor units; null where it is no sum. */
export function minorOf(text, currency = "CNY") {
  const digits = digitsOf(currency);
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim());
  if (!match || (match[2] ?? "").length > digits) return null;
  return Number(match[1]) * 10 ** digits + Number((match[2] ?? "").padEnd(digits, "0") || 0);
}

/** Minor units as a form's field holds them. */
export const minorText = (minor, currency = "CNY") => (minor / 10 ** digitsOf(currency)).toFixed(digitsOf(currency));

function digitsOf(currency) {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  } catch {
    return 2;
  }
}

/**
 * Loads, shows, and says what went wrong with a way to try again. Returns a function that loads once more.
 * What is the same as before is not drawn anew: the focus stays where it is.
 */
export function loading(place, load, show) {
  let turn = 0;
  let seen = null;
  const again = async () => {
    const mine = ++turn;
    if (!place.firstChild) place.append(el("p", { class: "soft", role: "status" }, t("loading")));
    try {
      const loaded = await load();
      const now = JSON.stringify(loaded);
      if (mine !== turn || now === seen) return;
      seen = now;
      place.replaceChildren(...[show(loaded)].flat().filter(Boolean));
    } catch (e) {
      if (e.name === "AbortError" || mine !== turn) return;
      if (e.status === undefined) throw e;
      seen = null;
      place.replaceChildren(el("div", { class: "notice bad", role: "alert" }, el("span", {}, troubleText(e)),
        el("button", { type: "button", click: again }, t("again"))));
    }
  };
  again();
  return again;
}
