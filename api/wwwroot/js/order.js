// One order, live. The capability is behind '#': it never leaves this browser but in the Authorization header to the shop.
import { announce, copy, el, money, page, t, when } from "./page.js";
import { product } from "./api.js";
import { parse, remember, update } from "./browser-orders.js";
import { follow } from "./order-stream.js";
import { about, keys, payment, queue, steps } from "./order-parts.js";

const main = page(t("orderHeading"));
// Another order in the same tab is another page.
addEventListener("hashchange", () => location.reload());
const order = parse(location.hash);
if (order === null) {
  main.append(el("div", { class: "narrow" },
    el("h1", {}, t("orderHeading")), el("p", { class: "notice bad", role: "alert" }, t("noToken")),
    el("p", {}, el("a", { class: "button", href: "/find" }, t("myOrders")))));
} else {
  show(order);
}

function show({ id, token }) {
  const status = el("h1", { role: "status" }, t("loading"));
  const link = el("p", { class: "notice", role: "status", hidden: true });
  const facts = el("dl", { class: "facts" });
  const parts = [steps(), about(), queue(), payment(id, token), keys(id)];
  for (const part of parts) part.element.hidden = true;
  const kept = el("div", { class: "noprint" }, el("p", { class: "soft" }, t("keepLink")),
    el("button", { type: "button", click: async e => {
      const button = e.currentTarget;
      button.textContent = (await copy(location.href)) ? t("copied") : t("notCopied");
      announce(button.textContent);
      setTimeout(() => { button.textContent = t("copyLink"); }, 1_500);
    } }, t("copyLink")));
  main.append(el("div", { class: "narrow" }, status, link, ...parts.map(p => p.element),
    el("section", { class: "sheet" }, facts, kept)));

  let last = "";
  let connected = true;
  let latest = null;
  let whole = null;
  let goods = null;
  let askedFor = null;
  let seen = false;
  follow(id, token, {
    onOrder(view) {
      // What was seen before is still so while the shop cannot look it up: a QR code must not go in the midst of paying.
      // The place in the queue is known all the same.
      latest = view.degraded && whole ? { ...whole, degraded: true, queue: view.queue ?? whole.queue } : { ...view, kind: goods?.kind };
      if (!view.degraded) whole = latest;
      (seen ? update : remember)({ id, token, sku: view.sku, ...(view.acceptedAt ? { at: view.acceptedAt } : {}) });
      seen = true;
      if (view.sku && askedFor !== view.sku) learn(view.sku);
      draw();
    },
    onLink(ok) {
      connected = ok;
      drawLink();
    },
    onGone() {
      main.replaceChildren(el("div", { class: "narrow" },
        el("h1", {}, t("orderHeading")), el("p", { class: "notice bad", role: "alert" }, t("noOrder")),
        el("p", {}, el("a", { class: "button", href: "/find" }, t("myOrders")))));
    },
  });
  // Texts that depend on how long something takes change without the shop saying anything.
  setInterval(() => { if (latest) for (const part of parts) part.show(latest); }, 5_000);
  addEventListener("offline", drawLink);

  /** What the sku is called, and whether people deliver it; without an answer the sku has to do. */
  async function learn(sku) {
    askedFor = sku;
    try {
      goods = (await product(sku)).product;
    } catch {
      return;
    }
    latest = { ...latest, kind: goods.kind };
    if (whole) whole = { ...whole, kind: goods.kind };
    update({ id, name: goods.name });
    draw();
  }

  function draw() {
    if (latest.status !== last) {
      last = latest.status;
      status.textContent = t("status." + last);
      document.title = `${t("status." + last)} · ${t("shop")}`;
    }
    for (const part of parts) part.show(latest);
    facts.replaceChildren(...[
      [t("orderNumber"), id],
      [t("product"), latest.quantity ? `${goods?.name ?? latest.sku} × ${latest.quantity}` : goods?.name ?? latest.sku],
      latest.amount ? [t("amount"), money(latest.amount)] : null,
      latest.acceptedAt ? [t("placedAt"), when(latest.acceptedAt)] : null,
    ].filter(Boolean).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    drawLink();
  }

  function drawLink() {
    const text = !navigator.onLine ? t("offline") : !connected ? t("reconnecting") : latest?.degraded ? t("degraded") : "";
    if (link.textContent !== text) link.textContent = text;
    link.hidden = text === "";
  }
}
