// Orders of this browser, an order by its link, orders by contact and query password.
import { announce, ask, el, page, t, when } from "./page.js";
import { call } from "./api.js";
import { address, all, forget, parse } from "./browser-orders.js";
import { troubleText } from "./words.js";

const main = page(t("findTitle"));
const here = el("ul", { class: "orders" });
main.append(el("div", { class: "narrow" }, el("h1", {}, t("findTitle")),
  el("section", { class: "sheet" }, el("h2", {}, t("findHere")), here, el("p", { class: "soft" }, t("findHereHelp"))),
  byContact(), byLink()));
list();

function list() {
  const orders = all();
  here.replaceChildren(...(orders.length === 0 ? [el("li", {}, t("findNone"))] : orders.map(o => entry(o, true))));
}

function entry(order, removable) {
  return el("li", {},
    el("span", {}, order.name ?? order.sku ?? "", order.at ? [" · ", when(order.at)] : null, el("br"),
      el("span", { class: "soft" }, order.id)),
    el("span", { class: "row" },
      el("a", { class: "button", href: address(order.id, order.token), "aria-label": `${t("open")} ${order.id}` }, t("open")),
      removable ? el("button", { type: "button", "aria-label": `${t("remove")} ${order.id}`, click: async () => {
        if (await ask(t("removeAsk"), t("remove"), t("cancelNo"))) { forget(order.id); list(); }
      } }, t("remove")) : null));
}

function byLink() {
  const input = el("input", { id: "link", autocomplete: "off", spellcheck: "false", "aria-describedby": "link-help link-error" });
  const error = el("p", { class: "error", id: "link-error", role: "alert", hidden: true }, t("badLink"));
  return el("form", { class: "sheet", novalidate: true, submit: e => {
    e.preventDefault();
    const found = parse(input.value);
    error.hidden = found !== null;
    input.setAttribute("aria-invalid", String(found === null));
    if (found) location.assign(address(found.id, found.token));
    else input.focus();
  } }, el("h2", {}, t("findLink")),
    el("div", { class: "field" }, el("label", { for: "link" }, t("findLinkLabel")), input,
      el("p", { class: "soft", id: "link-help" }, t("findLinkHelp")), error),
    el("button", { type: "submit" }, t("open")));
}

function byContact() {
  const contact = el("input", { id: "contact", name: "contact", autocomplete: "email", maxlength: "254", "aria-describedby": "contact-error" });
  const password = el("input", { id: "password", name: "password", type: "password", autocomplete: "off", maxlength: "128", "aria-describedby": "password-error" });
  const wrong = {
    contact: el("p", { class: "error", id: "contact-error", hidden: true }, t("badContact")),
    password: el("p", { class: "error", id: "password-error", hidden: true }, t("badLookup")),
  };
  const outcome = el("p", { role: "status" });
  const found = el("ul", { class: "orders" });
  const submit = el("button", { class: "main", type: "submit" }, t("find"));
  return el("form", { class: "sheet", novalidate: true, submit: async e => {
    e.preventDefault();
    const bad = { contact: contact.value.trim().length < 3, password: password.value.trim().length < 6 };
    for (const [name, input] of Object.entries({ password, contact })) {
      wrong[name].hidden = !bad[name];
      input.setAttribute("aria-invalid", String(bad[name]));
      if (bad[name]) input.focus();
    }
    if (bad.contact || bad.password || submit.disabled) return;
    submit.disabled = true;
    found.replaceChildren();
    outcome.textContent = t("finding");
    try {
      const { orders } = await call("/v1/lookup", { method: "POST", body: { contact: contact.value.trim(), password: password.value } });
      outcome.textContent = t("found", orders.length);
      found.replaceChildren(...orders.map(o => entry({ id: o.orderId, token: o.token, sku: `${o.sku} × ${o.quantity}`, at: o.acceptedAt }, false)));
      announce(outcome.textContent);
      // A browser that is not the buyer's own keeps nothing; an order that is opened is kept, as its page says.
    } catch (trouble) {
      outcome.textContent = trouble.status === 404 ? t("notFound")
        : trouble.status === 503 || trouble.status === 0 ? t("findAway") : troubleText(trouble);
      announce(outcome.textContent);
    } finally {
      submit.disabled = false;
    }
  } }, el("h2", {}, t("findContact")),
    el("div", { class: "field" }, el("label", { for: "contact" }, t("contact")), contact, wrong.contact),
    el("div", { class: "field" }, el("label", { for: "password" }, t("findPassword")), password, wrong.password),
    submit, outcome, found);
}
