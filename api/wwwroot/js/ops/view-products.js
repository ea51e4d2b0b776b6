// The catalog with its stock.
import { badge, code, deedButton, el, field, heading, loading, money, number, t, table, word } from "./dom.js";
import { get } from "./api.js";

const ROWS = 500;

/** Pages that are read at once: more products than that are searched by their sku. */
const MOST_PAGES = 10;

export function open(place) {
  const search = field("search", t("searchProducts"), { type: "search", autocomplete: "off" });
  const body = el("div");
  let catalog = [];
  const draw = () => body.replaceChildren(list(catalog, search.input.value.trim().toLowerCase()));
  const loader = el("div");
  const again = loading(loader, async () => {
    const [products, stock] = await Promise.all([pages("products", "products"), pages("stock", "stock")]);
    const bySku = Map.groupBy(stock, s => s.sku);
    return products.map(p => ({ ...p, stock: bySku.get(p.product.sku) ?? [] }));
  }, loaded => {
    catalog = loaded;
    draw();
    return null;
  });
  search.input.addEventListener("input", draw);
  place.append(heading(t("view.products"),
    deedButton(t("addProduct"), "product.add", () => { location.hash = "#/product"; }, { kind: "main" }),
    el("button", { type: "button", click: () => again() }, t("refresh"))), search.element, loader, body);
  return { refresh: again };
}

/** All rows of an interface that answers page by page. */
export async function pages(path, name) {
  const all = [];
  let after = null;
  for (let i = 0; i < MOST_PAGES; i++) {
    const page = await get(`${path}?limit=${ROWS}${after ? "&after=" + encodeURIComponent(after) : ""}`);
    all.push(...page[name]);
    after = page.next;
    if (!after) break;
  }
  return all;
}

function list(catalog, wanted) {
  const found = catalog.filter(({ product: p }) => wanted === "" || `${p.sku} ${p.name} ${p.category ?? ""}`.toLowerCase().includes(wanted));
  const sum = (p, name) => p.stock.reduce((all, s) => all + s[name], 0);
  return table(t("view.products"), [
    [t("product"), ({ product: p }) => [el("a", { href: "#/product/" + encodeURIComponent(p.sku) }, p.name), el("br"), code(p.sku)]],
    [t("state"), ({ product: p, published }) => [p.onSale ? badge(t("onSale"), "good") : badge(t("offSale")),
      published ? null : badge(t("notPublished"), "warn"), p.hidden ? badge(t("hiddenProduct")) : null, " ",
      el("span", { class: "soft" }, word("kind", p.kind ?? "unique"))].filter(Boolean)],
    [t("price"), ({ product: p }) => money({ currency: p.currency, minor: p.price }), "n"],
    [t("available"), p => p.product.kind === "manual" ? "–" : el("span", { class: sum(p, "available") <= 0 ? "out number" : "number" }, number(sum(p, "available"))), "n"],
    [t("reservedStock"), p => number(sum(p, "reserved")), "n"],
    [t("soldStock"), p => number(sum(p, "sold")), "n"],
    [t("voidStock"), p => number(sum(p, "void")), "n"],
  ], found, { empty: t(catalog.length === 0 ? "noProducts" : "noMatch") });
}
