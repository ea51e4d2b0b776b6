// One order with all its facts, its story, and what can be decided about it.
import { badge, code, deedButton, duration, el, facts, heading, loading, money, number, part, roleHint, t, table, time, word } from "./dom.js";
import { ask, get } from "./api.js";
import { remember } from "./view-orders.js";
import * as deeds from "./order-deeds.js";

const GOOD = new Set(["paid", "delivered", "done", "order", "open"]);
const BAD = new Set(["review", "refused", "rejected", "mismatch", "failed"]);

/** How a status looks: good, bad, or neither. */
export const kindOf = status => GOOD.has(status) ? "good" : BAD.has(status) ? "bad" : "";

export function open(place, [id], query) {
  const body = el("div");
  const story = el("div");
  const stop = new AbortController();
  const title = heading(t("order"), el("button", { type: "button", click: () => refresh() }, t("refresh")));
  title.querySelector("h1").append(" ", code(id));
  place.append(title, body, part(t("story"), story));
  let approval = query.get("approval");
  let wanted = query.get("deed");
  const again = loading(body, () => get(`orders/${encodeURIComponent(id)}`), order => {
    remember(order.orderId);
    const shown = content(order, approval);
    if (wanted) {
      // What was approved is asked for at once.
      const action = wanted;
      wanted = null;
      setTimeout(() => !stop.signal.aborted && [...body.querySelectorAll("[data-action]")].find(b => b.dataset.action === action && !b.disabled)?.click());
    }
    return shown;
  });
  const tell = loading(story, () => ask("order.story", { id }, stop.signal), timeline);
  const refresh = () => {
    approval = null;
    again();
    tell();
  };
  return { refresh, leave: () => stop.abort() };
}

function content(order, approval) {
  const o = order.order;
  return [
    roleHint("order.refund"),
    el("div", { class: "columns two" },
      part(t("state"), facts([
        [t("payment"), order.status ? badge(word("status", order.status), kindOf(order.status)) : order.archived ? badge(t("archived")) : "–"],
        [t("delivery"), order.delivery ? badge(word("delivery", order.delivery.status), kindOf(order.delivery.status)) : null],
        [t("reasonOf"), order.reason], [t("archivedAs"), order.archived],
        [t("due"), order.due ? time(order.due) : null], [t("reserved"), order.reserved ? t("yes") : null],
        [t("notificationsSeen"), number(order.notificationsSeen)], [t("version"), number(order.version)],
        [t("unsentRows"), order.unsentRows > 0 ? badge(number(order.unsentRows), "warn") : null],
        [t("parked"), order.parkedMessages > 0 ? badge(number(order.parkedMessages), "bad") : null],
      ])),
      part(t("ordered"), o ? facts([
        [t("product"), el("a", { href: "#/product/" + encodeURIComponent(o.sku) }, o.productName)], [t("sku"), code(o.sku)],
        [t("kind"), word("kind", o.kind)], [t("quantity"), number(o.quantity)], [t("amount"), money(o.amount)],
        [t("channel"), word("channel", o.channel)], [t("region"), o.region], [t("acceptedAt"), time(o.acceptedAt)],
        [t("took"), order.delivery?.deliveredAt ? duration((Date.parse(order.delivery.deliveredAt) - Date.parse(o.acceptedAt)) / 1000) : null],
      ]) : el("p", { class: "empty" }, t("orderUnknown")))),
    part(t("decide"), el("div", { class: "row" }, buttons(order, approval))),
    order.reviews.length === 0 ? null : part(t("cases"), cases(order.reviews)),
    part(t("money"), moneyOf(order)),
    order.delivery ? part(t("delivery"), deliveryOf(order)) : null,
  ];
}

function buttons(order, approval) {
  const id = order.orderId;
  const open = order.reviews.some(c => !c.closedAt);
  // Asked as the server will ask: the payment that covers the order, and what of each is not given back or about to be.
  const given = p => p.refunds.filter(r => r.state !== "rejected").reduce((sum, r) => sum + r.amount, 0);
  const covering = order.payments.find(p => p.use === "order");
  const stands = covering && given(covering) === 0;
  const left = order.payments.some(p => given(p) < p.amount);
  const delivered = order.delivery?.status === "delivered";
  const manual = order.order?.kind === "manual";
  const keys = order.delivery?.keyIds.length > 0;
  const press = how => () => how(id, order, approval);
  return [
    deedButton(t("refund"), "order.refund", press(deeds.refund), { disabled: !left }),
    deedButton(t("confirmPaid"), "order.confirm-paid", press(deeds.confirmPaid), { disabled: Boolean(covering) }),
    deedButton(t("deliverStock"), "order.deliver", press(deeds.deliver), { disabled: manual || delivered || !stands }),
    manual ? deedButton(t("handOver"), "order.deliver", press(deeds.handOver), { disabled: delivered || !stands }) : null,
    deedButton(t("replaceKey"), "order.replace", press(deeds.replace), { disabled: !keys }),
    deedButton(t("dismissCases"), "review.decide", press(deeds.dismiss), { disabled: !open }),
  ].filter(Boolean);
}

/** Why a person has to look at an order. */
export function cases(list) {
  return el("ul", { class: "cases" }, list.map(c => el("li", { class: c.closedAt ? "closed" : "" },
    el("div", {}, badge(word("case", c.kind), c.closedAt ? "" : "warn"), " ", el("span", { class: "soft" }, time(c.openedAt)),
      c.number ? [" ", code(c.number)] : null),
    el("p", {}, c.reason), c.evidence ? el("p", { class: "soft evidence" }, c.evidence) : null,
    c.closedAt ? el("p", { class: "soft" }, t("closed"), " ", time(c.closedAt), c.resolution ? ` · ${c.resolution}` : "") : null)));
}

function moneyOf(order) {
  const currency = order.order?.amount.currency ?? order.attempts[0]?.currency ?? "CNY";
  const sum = minor => money({ currency, minor });
  return [
    table(t("attempts"), [
      [t("number"), a => code(a.number)], [t("channel"), a => [word("channel", a.channel), " ", el("span", { class: "soft" }, a.profile)]],
      [t("amount"), a => sum(a.amount), "n"], [t("openedAt"), a => time(a.openedAt)], [t("until"), a => time(a.expiresAt)],
      [t("state"), a => order.payments.some(p => p.number === a.number) ? badge(t("paid"), "good") : badge(word("attempt", a.state), a.state === "open" ? "good" : "")],
    ], order.attempts, { empty: t("noAttempts") }),
    order.payments.length === 0 ? el("p", { class: "empty" }, t("noPayments")) : table(t("payments"), [
      [t("payment"), p => [code(p.number), el("br"), el("span", { class: "soft" }, p.tradeNo ?? "")]],
      [t("amount"), p => sum(p.amount), "n"], [t("at"), p => time(p.at)], [t("source"), p => word("source", p.source)],
      [t("use"), p => badge(word("use", p.use), kindOf(p.use))],
      [t("refunds"), p => p.refunds.map(r => el("div", {}, badge(word("refund", r.state), kindOf(r.state)), " ", sum(r.amount), " ",
        el("span", { class: "soft" }, time(r.askedAt), " · ", r.reason)))],
    ], order.payments),
    order.claims.length === 0 ? null : table(t("claims"), [
      [t("number"), c => code(c.number)], [t("channel"), c => word("channel", c.channel)], [t("amount"), c => sum(c.amount), "n"],
      [t("source"), c => word("source", c.source)], [t("askedNext"), c => c.nextAt ? time(c.nextAt) : "–"],
    ], order.claims),
  ];
}

function deliveryOf({ delivery: d }) {
  return [
    facts([[t("state"), badge(word("delivery", d.status), kindOf(d.status))], [t("begunAt"), time(d.createdAt)],
      [t("deliveredAt"), d.deliveredAt ? time(d.deliveredAt) : null], [t("waitsUntil"), d.waitUntil ? time(d.waitUntil) : null],
      [t("keys"), number(d.keys)]]),
    d.keyIds.length === 0 ? null : el("details", {}, el("summary", {}, t("keyIds")),
      el("ol", { class: "keyids" }, d.keyIds.map(k => el("li", {}, code(k))))),
  ];
}

function timeline(story) {
  return [
    el("ol", { class: "timeline" }, story.lines.map(line => el("li", { class: toneOf(line) },
      time(line.at), el("div", {}, el("p", {}, line.what), el("small", {}, line.from))))),
    ...(story.notes ?? []).map(n => el("p", { class: "notice" }, n)),
    story.lines.length === 0 ? el("p", { class: "empty" }, t("noStory")) : null,
  ].filter(Boolean);
}

/** What kind of line it is, by where it stands. */
function toneOf({ from, what }) {
  if (from.startsWith("shop.dead-letters") || / failed|refused|rejected/.test(what)) return "bad";
  if (from.startsWith("shop.audit")) return "operator";
  if (from.startsWith("shop.deliveries")) return "good";
  return from.startsWith("shop.orders") || from.startsWith("shop.payment-notifications") ? "input" : "";
}
