// Orders that need a person, with what can be decided right here.
import { badge, code, deedButton, el, heading, loading, money, number, part, roleHint, t, table, time, word } from "./dom.js";
import { get } from "./api.js";
import { cases, kindOf } from "./view-order.js";
import * as deeds from "./order-deeds.js";

const ROWS = 50;

export function open(place) {
  const body = el("div");
  let after = null;
  const again = loading(body, () => get(`reviews?limit=${ROWS}${after ? "&after=" + encodeURIComponent(after) : ""}`), ({ orders, manual, next }) => [
    roleHint("review.decide"),
    orders.length === 0 && manual.length === 0 ? el("p", { class: "empty big" }, t("noReviews")) : null,
    manual.length === 0 ? null : part(t("manualWaiting"), byHand(manual)),
    ...orders.map(review),
    el("div", { class: "row" },
      after ? el("button", { type: "button", click: () => { after = null; again(); } }, t("fromStart")) : null,
      next ? el("button", { type: "button", click: () => { after = next; again(); } }, t("nextPage")) : null),
  ]);
  place.append(heading(t("view.reviews"), el("button", { type: "button", click: () => again() }, t("refresh"))),
    el("p", { class: "soft" }, t("reviewsAbout")), body);
  return { refresh: again };
}

/** Paid orders of manual goods, the most urgent first. */
const byHand = manual => table(t("manualWaiting"), [
  [t("order"), m => el("a", { href: "#/order/" + m.orderId }, code(m.orderId))],
  [t("product"), m => el("a", { href: "#/product/" + encodeURIComponent(m.sku) }, m.sku)], [t("quantity"), m => number(m.quantity), "n"],
  [t("begunAt"), m => time(m.paidAt)], [t("until"), m => m.until ? time(m.until) : "–"],
], manual);

function review(order) {
  const id = order.orderId;
  const kinds = new Set(order.cases.map(c => c.kind));
  const manual = kinds.has("manual-overdue");
  const press = how => () => how(id, order);
  return el("article", { class: "part", "aria-label": id },
    el("div", { class: "head" },
      el("h2", {}, el("a", { href: "#/order/" + id }, code(id))),
      el("div", { class: "tools" }, badge(word("status", order.status), kindOf(order.status)),
        order.sku ? el("a", { href: "#/product/" + encodeURIComponent(order.sku) }, order.sku) : null,
        order.amount ? el("strong", { class: "number" }, money(order.amount)) : null)),
    cases(order.cases),
    el("div", { class: "row" },
      deedButton(t("confirmPaid"), "order.confirm-paid", press(deeds.confirmPaid)),
      deedButton(t("refund"), "order.refund", () => deeds.refund(id, order, null, "reviews")),
      manual ? deedButton(t("handOver"), "order.deliver", press(deeds.handOver)) : deedButton(t("deliverStock"), "order.deliver", press(deeds.deliver)),
      deedButton(t("dismissCases"), "review.decide", press(deeds.dismiss))));
}
