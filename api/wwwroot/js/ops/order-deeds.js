// What can be decided about one order: each as a dialog that says what will happen.
import { el, facts, field, minorOf, money, t, word } from "./dom.js";
import { deed, ofDeed } from "./deed.js";

const text = { read: value => value.trim() || undefined };

const about = (id, more = []) => facts([[t("order"), el("code", {}, id)], ...more]);

const sumOf = order => order.order?.amount ?? order.amount ?? null;

function amountField(currency, { required, value }) {
  return ofDeed(field("amount", t("amountIn", currency), {
    inputmode: "decimal", autocomplete: "off", help: required ? null : t("amountAll"), value: value ?? null,
  }), {
    read: given => given.trim() === "" ? undefined : minorOf(given, currency),
    check: given => given.trim() === "" ? (required ? t("amountMissing") : null) : minorOf(given, currency) > 0 ? null : t("amountWrong"),
  });
}

function clean(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ""));
}

const http = (method, path) => (values, why) => ({ kind: "http", method, path, body: clean({ ...values, why }) });

export function refund(id, order, approval, where = "orders") {
  const currency = sumOf(order)?.currency ?? "CNY";
  const payments = order.payments ?? [];
  deed({
    title: t("refund"), action: "order.refund", kind: "danger", confirm: t("refund"), approval, mayWait: t("refundMayWait"),
    what: [about(id, [[t("amount"), sumOf(order) ? money(sumOf(order)) : null]]), t("refundWhat")],
    fields: [
      amountField(currency, { required: false }),
      ...(payments.length > 1 ? [ofDeed(field("number", t("payment"), {
        options: [["", t("paymentOfOrder")], ...payments.map(p => [p.number, `${p.number} · ${money({ currency, minor: p.amount })} · ${word("use", p.use)}`])],
      }), text)] : []),
    ],
    request: http("POST", `${where}/${id}/refund`),
  });
}

export function confirmPaid(id, order, approval) {
  const sum = sumOf(order);
  const currency = sum?.currency ?? "CNY";
  deed({
    title: t("confirmPaid"), action: "order.confirm-paid", confirm: t("confirmPaid"), approval,
    what: [about(id, [[t("amount"), sum ? money(sum) : null]]), t("confirmPaidWhat")],
    fields: [
      ofDeed(field("reference", t("reference"), { help: t("referenceHelp"), autocomplete: "off", maxlength: "200" }), {
        read: value => value.trim(), check: value => value.trim() === "" ? t("referenceMissing") : null,
      }),
      amountField(currency, { required: true }),
    ],
    request: http("POST", `reviews/${id}/confirm-paid`),
  });
}

export function deliver(id, order, approval) {
  deed({
    title: t("deliverStock"), action: "order.deliver", confirm: t("deliver"), approval,
    what: [about(id, goods(order)), t("deliverWhat")], request: http("POST", `reviews/${id}/deliver`),
  });
}

export function dismiss(id, order, approval) {
  deed({
    title: t("dismissCases"), action: "review.decide", confirm: t("dismissCases"), approval,
    what: [about(id, (order.cases ?? order.reviews ?? []).filter(c => !c.closedAt).map(c => [word("case", c.kind), c.reason])), t("dismissWhat")],
    request: http("POST", `reviews/${id}/dismiss`),
  });
}

function goodsField() {
  return ofDeed(field("text", t("goodsText"), { tag: "textarea", rows: "5", help: t("goodsHelp"), maxlength: "8000", autocomplete: "off", spellcheck: "false" }), {
    read: value => value, check: value => value.trim() === "" ? t("goodsMissing") : null,
  });
}

export function handOver(id, order, approval) {
  deed({
    title: t("handOver"), action: "order.deliver", confirm: t("handOver"), approval, secret: true,
    what: [about(id, goods(order)), t("handOverWhat")], fields: [goodsField()], request: http("POST", `orders/${id}/deliver`),
  });
}

export function replace(id, order, approval, key = null) {
  const manual = order.order?.kind === "manual";
  const keys = order.delivery?.keyIds ?? [];
  deed({
    title: t("replaceKey"), action: "order.replace", confirm: t("replaceKey"), approval, secret: manual,
    what: [about(id, goods(order)), t(manual ? "replaceManualWhat" : "replaceWhat")],
    fields: [
      ofDeed(field("keyId", t("faultyKey"), { options: keys.map((k, i) => [k, `${i + 1} · ${k}`]), value: key ?? keys[0] }), text),
      ...(manual ? [goodsField()] : []),
    ],
    request: http("POST", `orders/${id}/replace`),
  });
}

const goods = ({ order }) => order ? [[t("product"), `${order.productName} × ${order.quantity}`], [t("amount"), money(order.amount)]] : [];
