// One product and the form that orders it.
import { el, money, page, t } from "./page.js";
import { call, product as find } from "./api.js";
import { address, remember } from "./browser-orders.js";
import { stockOf } from "./stock.js";
import { Draft } from "./draft.js";
import { eachText, tierTable, totalText } from "./prices.js";
import { channelName, troubleText } from "./words.js";

const EVERY = 10_000;

// An order that the shop could not take just now is sent again by the page, which cannot double it; then the buyer is told.
const TRIES = 4;
const TRY_FOR = 20_000;
const LATER = new Set([0, 502, 503, 504]);

const sku = (part => { try { return decodeURIComponent(part); } catch { return part; } })(location.pathname.split("/")[2] ?? "");
const main = page(t("loading"));
const waiting = el("p", { class: "soft", role: "status" }, t("loading"));
main.append(waiting);

let product = null;
let channels = [];
for (let pause = 500; product === null; pause = Math.min(pause * 2, 8_000)) {
  try {
    ({ product, channels } = await find(sku));
  } catch (e) {
    if (e.status === 404) {
      product = undefined;
      break;
    }
    waiting.textContent = t("troubleLoad");
    await new Promise(resolve => setTimeout(resolve, pause + Math.random() * 250));
  }
}

waiting.remove();
if (product === undefined) {
  main.append(el("h1", {}, t("noSuchProduct")), el("p", {}, el("a", { href: "/" }, t("products"))));
} else {
  document.title = `${product.name} · ${t("shop")}`;
  show();
}

function show() {
  const stock = stockOf(product);
  const level = el("dd", { class: stock.kind }, stock.text || "—");
  const price = el("p", { class: "price" }, money(product.price));
  const tiers = tierTable();
  tiers.show(product, 1);
  const pay = stock.orderable ? choices() : null;
  const order = pay ? form(pay, tiers) : null;
  const minutes = product.holdSeconds / 60;
  main.append(el("div", { class: "narrow" },
    el("article", { class: "sheet" },
      el("h1", {}, product.name),
      product.category ? el("p", { class: "soft" }, product.category) : null,
      price,
      el("dl", { class: "facts" },
        el("dt", {}, t("stock")), level,
        el("dt", {}, t("atMost")), el("dd", {}, String(product.maxQuantity)),
        el("dt", {}, t("payWithin")),
        el("dd", {}, minutes >= 1 ? t("minutes", Math.floor(minutes)) : t("seconds", product.holdSeconds))),
      tiers.element,
      product.description ? [el("h2", {}, t("instructions")), el("p", { class: "text" }, product.description)] : null),
    order ? order.element : el("p", { class: "notice" }, t("troubleSoldOut"))));
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const now = await find(sku);
      product = now.product;
      const { text, kind } = stockOf(product);
      level.textContent = text || "—";
      level.className = kind;
      // The order is priced when it is placed: what is shown until then is the price of now.
      price.textContent = money(product.price);
      if (order) order.refresh();
      else tiers.show(product, 1);
      pay?.refresh(now.channels);
    } catch { /* the order itself will say */ }
  }, EVERY);
}

/** The form, with `refresh()` for when the product has changed. */
function form(pay, tiers) {
  const draft = new Draft(sku);
  const trouble = el("p", { class: "notice bad", role: "alert", tabindex: "-1", hidden: true });
  const total = el("span", { class: "price", id: "total" });
  const each = el("span", { class: "soft" });
  const submit = el("button", { class: "main", type: "submit" }, t("submit"));
  const fields = {
    quantity: field("quantity", t("quantity"), t("quantityHelp", product.maxQuantity),
      { type: "number", inputmode: "numeric", min: "1", max: String(product.maxQuantity), step: "1", value: "1", required: true }),
    contact: field("contact", t("contact"), t("contactHelp"), { type: "text", autocomplete: "email", maxlength: "254", required: true }),
    password: field("password", t("password"), t("passwordHelp"), { type: "password", autocomplete: "off", maxlength: "128" }),
  };
  const sum = () => {
    const n = Number(fields.quantity.input.value);
    // What stays as it is must not be read out again.
    if (total.textContent !== totalText(product, n)) total.textContent = totalText(product, n);
    if (each.textContent !== eachText(product, n)) each.textContent = eachText(product, n);
    tiers.show(product, n);
  };
  fields.quantity.input.addEventListener("input", sum);
  sum();
  let sending = false;

  async function order(event) {
    event.preventDefault();
    if (sending) return;
    const body = {
      sku, quantity: Number(fields.quantity.input.value), contact: fields.contact.input.value.trim(), channel: pay.value(),
    };
    if (fields.password.input.value) body.password = fields.password.input.value;
    if (!complain(mistakes(body))) return;
    sending = true;
    submit.disabled = true;
    submit.textContent = t("submitting");
    trouble.hidden = true;
    try {
      const taken = await place(body);
      placed(taken.orderId, taken.token, taken.acceptedAt);
    } catch (e) {
      if (e.status === 409 && await placedBefore(e.order)) return;
      if (e.status === 409) say(await whatIsLeft(body.quantity) ?? troubleText(e));
      else if (e.status === 400 && complain(Object.fromEntries(Object.keys(e.fields).map(f => [f, said(f)])))) say(troubleText(e));
      else if (e.status !== 400) say(troubleText(e));
      ready();
    }
  }

  function ready() {
    sending = false;
    submit.disabled = false;
    submit.textContent = t("submit");
  }

  // Back from the order's page the browser may show this one as it was left: with an order under way.
  addEventListener("pageshow", e => { if (e.persisted) ready(); });

  function placed(id, token, at) {
    remember({ id, token, sku, name: product.name, at });
    draft.done();
    location.assign(address(id, token));
  }

  /** An order whose answer was lost may itself have taken the last piece: the refusal of its repetition names it. */
  async function placedBefore(order) {
    if (!order) return false;
    try {
      const found = await call("/v1/orders/" + order.id, { token: order.token });
      if (found.degraded) return false; // whether it is there, nobody can say now
      placed(order.id, order.token, found.acceptedAt);
      return true;
    } catch {
      return false;
    }
  }

  /** Null where that many may be had, or nobody knows. */
  async function whatIsLeft(quantity) {
    try {
      const { onSale, stock } = (await find(sku)).product;
      return onSale && stock > 0 && stock < quantity ? t("troubleFewer", stock) : null;
    } catch {
      return null;
    }
  }

  async function place(body) {
    const until = Date.now() + TRY_FOR;
    for (let tries = 1; ; tries++) {
      try {
        return await call("/v1/orders", { method: "POST", body, headers: { "Idempotency-Key": draft.keyFor(body) }, seconds: 20 });
      } catch (e) {
        if (!LATER.has(e.status) || tries === TRIES || Date.now() > until) throw e;
        submit.textContent = t("submittingAgain");
        const seconds = Math.min(e.retryAfter ?? 2 ** (tries - 1), 5);
        await new Promise(resolve => setTimeout(resolve, seconds * (1000 + Math.random() * 250)));
      }
    }
  }

  /** What can be known without asking the shop: text per field. */
  function mistakes({ quantity, contact, password, channel }) {
    const wrong = {};
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > product.maxQuantity) wrong.quantity = said("quantity");
    if (contact.length < 3) wrong.contact = said("contact");
    if (password !== undefined && password.trim().length < 6) wrong.password = said("password");
    if (!channel) wrong.channel = said("channel");
    return wrong;
  }

  const said = name => ({
    quantity: t("badQuantity", product.maxQuantity), contact: t("badContact"), password: t("badPassword"), channel: t("badChannel"),
  })[name] ?? t("troubleFields");

  /** Shows what is wrong per field, and goes to the first. Returns true where nothing is. */
  function complain(wrong) {
    const all = { ...fields, channel: pay };
    for (const [name, f] of Object.entries(all)) f.complain(wrong[name] ?? null);
    const first = Object.keys(all).find(name => wrong[name]);
    if (first) all[first].focus();
    return !first;
  }

  function say(text) {
    trouble.textContent = text;
    trouble.hidden = false;
    trouble.focus();
  }

  const element = el("form", { class: "sheet", novalidate: true, submit: order, "aria-labelledby": "order-title" },
    el("h2", { id: "order-title" }, t("orderTitle")), trouble,
    fields.quantity.element, fields.contact.element, fields.password.element, pay.element,
    el("p", { class: "row", "aria-live": "polite" }, t("total"), total, each), submit);
  return { element, refresh: sum };
}

function field(name, label, help, attributes) {
  const input = el("input", { id: name, name, "aria-describedby": `${name}-help ${name}-error`, ...attributes });
  const error = el("p", { class: "error", id: name + "-error", hidden: true });
  return {
    input,
    element: el("div", { class: "field" }, el("label", { for: name }, label), input,
      el("p", { class: "soft", id: name + "-help" }, help), error),
    complain(text) {
      error.hidden = !text;
      error.textContent = text ?? "";
      input.setAttribute("aria-invalid", text ? "true" : "false");
    },
    focus: () => input.focus(),
  };
}

function choices() {
  const error = el("p", { class: "error", id: "channel-error", hidden: true });
  const none = el("p", { class: "notice" }, t("noChannel"));
  const inputs = channels.map(c => el("input", { type: "radio", name: "channel", value: c.name, id: "channel-" + c.name }));
  const names = channels.map(() => el("span"));

  /** A channel that has gone down cannot be chosen; the next one that is up is chosen in its place. */
  function refresh(list) {
    const up = new Set(list.filter(c => c.up).map(c => c.name));
    inputs.forEach((input, i) => {
      input.disabled = !up.has(input.value);
      if (input.disabled) input.checked = false;
      names[i].textContent = input.disabled ? t("channelDown", channelName(input.value)) : channelName(input.value);
    });
    if (!inputs.some(i => i.checked)) {
      const first = inputs.find(i => !i.disabled);
      if (first) first.checked = true;
    }
    none.hidden = up.size > 0;
  }

  refresh(channels);
  return {
    refresh,
    value: () => inputs.find(i => i.checked && !i.disabled)?.value ?? null,
    element: el("fieldset", { class: "field", "aria-describedby": "channel-error" }, el("legend", {}, t("payBy")), none,
      inputs.map((input, i) => el("label", { class: "choice", for: input.id }, input, names[i])), error),
    complain(text) {
      error.hidden = !text;
      error.textContent = text ?? "";
    },
    focus: () => inputs.find(i => !i.disabled)?.focus(),
  };
}
