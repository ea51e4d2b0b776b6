// The way to one order.
import { el, field, heading, t } from "./dom.js";

const STORE = "cardshop.ops.orders";
const MOST = 20;

/** An order's id, or the number that a provider knows it by. */
const LIKE = /^[a-z][a-z2-7]{25}(\d{2})?(R\d+)?$/;

export function open(place, _, query) {
  const id = field("id", t("orderOrNumber"), { help: t("orderOrNumberHelp"), autocomplete: "off", spellcheck: "false", value: query.get("q"), maxlength: "64" });
  const list = recent();
  place.append(...[heading(t("view.orders")),
    el("form", {
      class: "part find", novalidate: true, role: "search", submit: e => {
        e.preventDefault();
        const text = id.input.value.trim();
        id.complain(LIKE.test(text) ? null : t("noOrderId"));
        if (LIKE.test(text)) location.hash = "#/order/" + text;
        else id.input.focus();
      },
    }, id.element, el("button", { class: "main", type: "submit" }, t("search"))),
    list.length === 0 ? null : el("section", { class: "part", "aria-labelledby": "recent" },
      el("h2", { id: "recent" }, t("lookedAt")),
      el("ul", { class: "plainlist" }, list.map(o => el("li", {}, el("a", { href: "#/order/" + o }, el("code", {}, o))))))].filter(Boolean));
  id.input.focus();
}

/** Of this session: an order's id opens nothing without an operator's key. */
export function recent() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "[]").filter(o => LIKE.test(o));
  } catch {
    return [];
  }
}

export function remember(id) {
  try {
    sessionStorage.setItem(STORE, JSON.stringify([id, ...recent().filter(o => o !== id)].slice(0, MOST)));
  } catch { /* it is only a shortcut */ }
}
