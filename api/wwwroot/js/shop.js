// The list of products: one request, filtered here; stock is looked at again while the page is visible.
import { el, money, page, t } from "./page.js";
import { products } from "./api.js";
import { stockOf } from "./stock.js";
import { tierHint } from "./prices.js";

const EVERY = 10_000;

const main = page("");
const asked = new URLSearchParams(location.search);
const search = el("input", { id: "search", type: "search", autocomplete: "off", value: asked.get("search"), input: filter });
const category = el("select", { id: "category", change: filter });
const categoryField = el("div", { hidden: true }, el("label", { for: "category" }, t("category")), category);
const list = el("ul", { class: "products", "aria-busy": "true" });
const count = el("p", { class: "soft", role: "status" }, t("loading"));
const trouble = el("p", { class: "notice", role: "alert", hidden: true }, t("troubleLoad"));
main.append(
  el("h1", {}, t("products")),
  el("div", { class: "filters" }, el("div", {}, el("label", { for: "search" }, t("search")), search), categoryField),
  trouble, count, list);

let wanted = asked.get("category") ?? "";
let known = [];
let cards = new Map();

async function load() {
  try {
    known = (await products()).products.filter(p => p.onSale);
    trouble.hidden = true;
    list.removeAttribute("aria-busy");
    categories();
    show();
  } catch {
    trouble.hidden = false;
  }
}

function categories() {
  const names = [...new Set(known.map(p => p.category).filter(Boolean))].sort();
  category.replaceChildren(el("option", { value: "" }, t("allCategories")), ...names.map(n => el("option", { value: n }, n)));
  category.value = names.includes(wanted) ? wanted : "";
  categoryField.hidden = names.length === 0;
}

/** The choice stands in the address: it is the same after a reload, on the way back from a product, and in a link. */
function filter() {
  wanted = category.value;
  const choice = new URLSearchParams();
  if (search.value.trim()) choice.set("search", search.value.trim());
  if (wanted) choice.set("category", wanted);
  try {
    history.replaceState(null, "", choice.toString() ? "?" + choice : location.pathname);
  } catch { /* too often for this browser: then without */ }
  show();
}

function show() {
  const words = search.value.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const chosen = known.filter(p =>
    (!category.value || p.category === category.value)
    && words.every(w => `${p.name} ${p.sku} ${p.category ?? ""}`.toLocaleLowerCase().includes(w)));
  const next = new Map();
  for (const product of chosen) next.set(product.sku, card(product));
  // Cards that stay are changed in place: a look at the stock takes nobody's focus away.
  if ([...next.keys()].join() !== [...cards.keys()].join()) list.replaceChildren(...[...next.values()].map(c => c.item));
  cards = next;
  count.textContent = known.length === 0 ? t("noProducts") : chosen.length === 0 ? t("noMatch") : t("shown", chosen.length);
}

function card(product) {
  const stock = stockOf(product);
  const present = cards.get(product.sku);
  const made = present ?? (() => {
    const c = {
      name: el("strong"), category: el("span", { class: "soft" }), price: el("span", { class: "price" }),
      tier: el("span", { class: "soft" }), stock: el("span"),
    };
    c.item = el("li", {}, el("a", { class: "sheet", href: "/p/" + encodeURIComponent(product.sku) },
      c.name, c.category, el("span", { class: "foot" }, c.price, c.tier, c.stock)));
    return c;
  })();
  made.name.textContent = product.name;
  made.category.textContent = product.category ?? "";
  made.price.textContent = money(product.price);
  made.tier.textContent = tierHint(product);
  made.stock.textContent = stock.text;
  made.stock.className = stock.kind;
  return made;
}

await load();
setInterval(() => { if (!document.hidden) load(); }, EVERY);
document.addEventListener("visibilitychange", () => { if (!document.hidden) load(); });
