// How a product's stock is said. It is a hint: the order decides.
import { t } from "./page.js";

const FEW = 10;

/** { text, kind: out|few|in, orderable } */
export function stockOf(product) {
  if (!product.onSale) return { text: t("offSale"), kind: "out", orderable: false };
  if (product.kind === "manual") return { text: t("stockManual"), kind: "in", orderable: true };
  if (product.stock === undefined || product.stock === null) return { text: "", kind: "in", orderable: true };
  if (product.stock <= 0) return { text: t("stockOut"), kind: "out", orderable: false };
  return product.stock <= FEW
    ? { text: t("stockFew", product.stock), kind: "few", orderable: true }
    : { text: t("stockIn", product.stock), kind: "in", orderable: true };
}
