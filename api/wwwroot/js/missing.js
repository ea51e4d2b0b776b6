// An address that leads nowhere.
import { el, page, t } from "./page.js";

page(t("missing")).append(el("div", { class: "narrow" }, el("h1", {}, t("missing")),
  el("p", {}, el("a", { class: "button", href: "/" }, t("products")))));
