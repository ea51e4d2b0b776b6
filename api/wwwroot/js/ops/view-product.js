// One product: what it is, its stock, and keys for it; or a new one.
import { badge, deedButton, el, facts, field, heading, loading, minorOf, minorText, money, number, part, roleHint, t, table, word } from "./dom.js";
import { deed } from "./deed.js";
import { keyImport } from "./key-import.js";
import { may } from "./roles.js";
import { pages } from "./view-products.js";

const WHOLE = /^\d{1,10}$/;

export function open(place, [sku]) {
  if (!sku) {
    place.append(heading(t("newProduct")), form(null));
    return {};
  }
  const body = el("div");
  const title = heading(sku, el("a", { class: "button", href: "#/products" }, t("toProducts")));
  place.append(title, body);
  const made = { product: null, form: null };
  const again = loading(body, async () => {
    const [products, stock] = await Promise.all([pages("products", "products"), pages("stock", "stock")]);
    return { found: products.find(p => p.product.sku === sku) ?? null, stock: stock.filter(s => s.sku === sku) };
  }, ({ found, stock }) => {
    if (!found) return el("p", { class: "notice bad" }, t("noSuchProduct"));
    const p = found.product;
    title.querySelector("h1").textContent = p.name;
    return [
      el("p", { class: "row" }, p.onSale ? badge(t("onSale"), "good") : badge(t("offSale")), found.published ? badge(t("published"), "good") : badge(t("notPublished"), "warn"),
        el("span", { class: "soft" }, `${p.sku} · ${word("kind", p.kind ?? "unique")} · ${t("version")} ${p.version}`)),
      el("div", { class: "columns two" },
        el("div", {}, p.kind === "manual" ? null : part(t("stock"), stockTable(stock)), p.kind === "manual" ? null : keyImport(p)),
        formOf(made, p)),
    ];
  });
  return { refresh: again };
}

/** What somebody is writing stays, as long as the product itself is the same: keys that come in are no reason to lose it. */
function formOf(made, p) {
  if (JSON.stringify(p) !== JSON.stringify(made.product)) Object.assign(made, { product: p, form: form(p) });
  return made.form;
}

function stockTable(stock) {
  return table(t("stock"), [
    [t("region"), s => s.region], [t("available"), s => el("strong", { class: s.available <= 0 ? "out" : "" }, number(s.available)), "n"],
    [t("reservedStock"), s => number(s.reserved), "n"], [t("soldStock"), s => number(s.sold), "n"],
    [t("voidStock"), s => number(s.void), "n"], [t("importedStock"), s => number(s.imported), "n"],
  ], stock, { empty: t("noStock") });
}

/** The fields of a product; sent as a deed with its reason. */
function form(p) {
  const currency = p?.currency ?? "CNY";
  const f = {
    sku: p ? null : field("sku", t("sku"), { help: t("skuHelp"), maxlength: "64", autocomplete: "off", spellcheck: "false" }),
    name: field("name", t("productName"), { maxlength: "120", autocomplete: "off", value: p?.name }),
    price: field("price", t("priceIn", currency), { inputmode: "decimal", autocomplete: "off", value: p ? minorText(p.price, currency) : null }),
    kind: p ? null : field("kind", t("kind"), { options: ["unique", "reusable", "manual"].map(k => [k, word("kind", k)]), value: "unique", help: t("kindHelp") }),
    maxQuantity: field("maxQuantity", t("maxQuantity"), { inputmode: "numeric", value: String(p?.maxQuantity ?? 10) }),
    hold: field("hold", t("hold"), { options: [["order", t("hold.order")], ["payment", t("hold.payment")]], value: p?.hold ?? "order" }),
    holdSeconds: field("holdSeconds", t("holdSeconds"), { inputmode: "numeric", value: String(p?.holdSeconds ?? 900), help: t("inSeconds") }),
    waitSeconds: field("waitSeconds", t("waitSeconds"), { inputmode: "numeric", value: String(p?.waitSeconds ?? 0), help: t("waitSecondsHelp") }),
    onSale: field("onSale", t("onSale"), { type: "checkbox", checked: p?.onSale ?? true }),
    category: field("category", t("category"), { maxlength: "40", autocomplete: "off", value: p?.category }),
    description: field("description", t("description"), { tag: "textarea", rows: "4", maxlength: "4000", value: p?.description }),
    tiers: field("tiers", t("tiers"), { tag: "textarea", rows: "3", help: t("tiersHelp", currency), spellcheck: "false", value: tiersText(p?.tiers, currency) }),
  };
  const checks = {
    sku: text => /^[A-Za-z0-9._-]{1,64}$/.test(text) ? null : t("skuHelp"),
    name: text => text.trim() === "" ? t("nameMissing") : null,
    price: text => minorOf(text, currency) > 0 ? null : t("amountWrong"),
    maxQuantity: whole(1, 10_000), holdSeconds: whole(1, 31_622_400), waitSeconds: whole(0, 31_622_400),
    tiers: text => tiersOf(text, currency) === null ? t("tiersWrong") : null,
  };
  const submit = deedButton(t(p ? "saveProduct" : "addProduct"), "product.add", () => {}, { kind: "main" });
  submit.type = "submit";

  function send(event) {
    event.preventDefault();
    if (!may("product.add")) return;
    let first = null;
    for (const [name, made] of Object.entries(f)) {
      if (!made) continue;
      const wrong = checks[name]?.(made.input.value) ?? null;
      made.complain(wrong);
      if (wrong && !first) first = made.input;
    }
    if (first) {
      first.focus();
      return;
    }
    const sku = p?.sku ?? f.sku.input.value;
    const body = bodyOf(f, p, currency);
    const was = p ? changesOf(p, body, currency) : facts([[t("sku"), sku], [t("productName"), body.name], [t("price"), money({ currency, minor: body.price })], [t("kind"), word("kind", body.kind)]]);
    deed({
      title: t(p ? "saveProductTitle" : "addProductTitle", sku), action: "product.add", confirm: t(p ? "saveProduct" : "addProduct"), what: was,
      request: (_, why) => ({ kind: "http", method: "PUT", path: "products/" + encodeURIComponent(sku), body: { ...body, why } }),
    });
  }

  return el("form", { class: "part product", novalidate: true, submit: send, "aria-label": t(p ? "product" : "newProduct") },
    el("div", { class: "head" }, el("h2", {}, t(p ? "settings" : "newProduct"))), roleHint("product.add"),
    Object.values(f).filter(Boolean).map(made => made.element), el("div", { class: "row" }, submit));
}

const whole = (least, most) => text => WHOLE.test(text.trim()) && Number(text) >= least && Number(text) <= most ? null : t("wholeFrom", number(least), number(most));

/** What is sent: what this server need not know, and was not said, is left out. */
function bodyOf(f, p, currency) {
  const text = name => f[name].input.value.trim();
  const body = {
    name: text("name"), price: minorOf(text("price"), currency), maxQuantity: Number(text("maxQuantity")), hold: f.hold.input.value,
    holdSeconds: Number(text("holdSeconds")), waitSeconds: Number(text("waitSeconds")), onSale: f.onSale.input.checked,
  };
  if (p) body.version = p.version;
  else body.kind = f.kind.input.value;
  if (text("category") !== (p?.category ?? "")) body.category = text("category");
  if (f.description.input.value.trim() !== (p?.description ?? "")) body.description = f.description.input.value.trim();
  if (text("tiers") !== tiersText(p?.tiers, currency)) body.tiers = tiersOf(text("tiers"), currency);
  return body;
}

/** What would be another than it is, for the one who confirms it. */
function changesOf(p, body, currency) {
  const shown = (name, value) => name === "price" ? money({ currency, minor: value }) : name === "tiers" ? tiersText(value, currency) || "–"
    : name === "onSale" ? t(value ? "yes" : "no") : name === "hold" ? t("hold." + value) : String(value ?? "–");
  const changed = Object.entries(body).filter(([name, value]) => name !== "version" && JSON.stringify(value) !== JSON.stringify(p[name] ?? (name === "onSale" ? false : p[name])));
  return changed.length === 0 ? t("nothingChanged")
    : facts(changed.map(([name, value]) => [word("field", name), el("span", { class: "lines" }, `${shown(name, p[name])} → ${shown(name, value)}`)]));
}

/** "10: 45.00" per line. */
const tiersText = (tiers, currency) => (tiers ?? []).map(({ from, price }) => `${from}: ${minorText(price, currency)}`).join("\n");

/** @returns null where a line is wrong. */
function tiersOf(text, currency) {
  const tiers = text.split("\n").map(line => line.trim()).filter(Boolean).map(line => {
    const match = /^(\d{1,5})\s*[::]\s*(.+)$/.exec(line);
    const price = match ? minorOf(match[2], currency) : null;
    return price > 0 ? { from: Number(match[1]), price } : null;
  });
  return tiers.includes(null) ? null : tiers;
}
