// What one costs when so many are ordered. It is what the order will say: the shop prices it the same way when it is placed.
import { el, money, t } from "./page.js";

/** The price of one, in minor units. */
export const unitPrice = (product, quantity) =>
  (product.tiers ?? []).reduce((price, tier) => quantity >= tier.from ? tier.price : price, product.price.minor);

const of = (product, minor) => money({ currency: product.price.currency, minor });

/** What so many cost, in words; "—" where nobody can order so many. */
export const totalText = (product, quantity) =>
  Number.isInteger(quantity) && quantity >= 1 && quantity <= product.maxQuantity
    ? of(product, unitPrice(product, quantity) * quantity) : "—";

/** What each of so many costs, in words; nothing where there is one price for all. */
export const eachText = (product, quantity) =>
  product.tiers?.length > 0 && totalText(product, quantity) !== "—" ? t("each", of(product, unitPrice(product, quantity))) : "";

/** The first price by quantity, as a hint; nothing where there is none. */
export const tierHint = product =>
  product.tiers?.length > 0 ? `${t("tierFrom", product.tiers[0].from)} ${of(product, product.tiers[0].price)}` : "";

/** The prices by quantity as a table. `show(product, quantity)` brings it up to date and marks what that quantity pays. */
export function tierTable() {
  const body = el("tbody");
  const element = el("div", { hidden: true }, el("h2", { id: "tiers" }, t("tiers")), el("table", { "aria-labelledby": "tiers" }, body));
  return {
    element,
    show(product, quantity) {
      const tiers = product.tiers ?? [];
      element.hidden = tiers.length === 0;
      const rows = [{ from: 1, price: product.price.minor }, ...tiers];
      const reached = rows.findLast(row => quantity >= row.from);
      body.replaceChildren(...rows.map(row => el("tr", { "aria-current": row === reached ? "true" : null },
        el("th", { scope: "row" }, t("tierFrom", row.from)), el("td", {}, of(product, row.price)))));
    },
  };
}
