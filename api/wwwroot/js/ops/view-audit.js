// Who did what, the newest on top; filtered in the page.
import { badge, code, el, facts, field, heading, number, t, time, troubleText, word } from "./dom.js";
import { get } from "./api.js";

const ROWS = 500;

/** Entries that the page holds at most: the newest. */
const MOST = 5_000;

/** Pages that are read one after the other before somebody has to ask for more. */
const PAGES = 4;

const SPANS = { "1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000 };

const KIND = { done: "good", refused: "bad", failed: "bad", waiting: "warn" };

export function open(place) {
  const from = field("span", t("since"), { options: Object.keys(SPANS).map(s => [s, t("span." + s)]), value: "24h" });
  const operator = field("operator", t("operator"), { options: [["", t("all")]] });
  const action = field("action", t("action"), { options: [["", t("all")]] });
  const text = field("text", t("containsText"), { type: "search", autocomplete: "off" });
  const list = el("div");
  const more = el("div", { class: "row" });
  const count = el("p", { class: "soft", role: "status" });
  let entries = [];
  let next = null;
  let turn = 0;

  async function load(begin) {
    const mine = ++turn;
    if (begin) {
      entries = [];
      next = new Date(Date.now() - SPANS[from.input.value] * 1000).toISOString();
    }
    more.replaceChildren();
    count.textContent = t("loading");
    try {
      for (let page = 0; page < PAGES; page++) {
        const got = await get(`audit?limit=${ROWS}&from=${encodeURIComponent(next)}`);
        if (mine !== turn) return;
        entries = [...entries, ...got.entries].slice(-MOST);
        next = got.next;
        if (got.entries.length < ROWS) break;
        if (page === PAGES - 1) more.replaceChildren(el("button", { type: "button", click: () => load(false) }, t("laterEntries")));
      }
    } catch (e) {
      if (mine !== turn) return;
      if (e.status === undefined) throw e;
      count.textContent = "";
      more.replaceChildren(el("p", { class: "notice bad", role: "alert" }, troubleText(e)), el("button", { type: "button", click: () => load(begin) }, t("again")));
      return;
    }
    choices(operator.input, entries.map(e => e.operator));
    choices(action.input, entries.map(e => e.action));
    draw();
  }

  function draw() {
    const wanted = text.input.value.trim().toLowerCase();
    const found = entries.filter(e => (operator.input.value === "" || e.operator === operator.input.value)
      && (action.input.value === "" || e.action === action.input.value)
      && (wanted === "" || JSON.stringify(e).toLowerCase().includes(wanted))).toReversed();
    count.textContent = t("entries", number(found.length));
    list.replaceChildren(found.length === 0 ? el("p", { class: "empty" }, t("noEntries")) : el("ol", { class: "audit" }, found.map(entry)));
  }

  from.input.addEventListener("change", () => load(true));
  for (const f of [operator, action]) f.input.addEventListener("change", draw);
  text.input.addEventListener("input", draw);
  place.append(heading(t("view.audit"), el("button", { type: "button", click: () => load(true) }, t("refresh"))),
    el("div", { class: "part filters" }, from.element, operator.element, action.element, text.element), count, more, list);
  load(true);
  return { refresh: () => load(true), leave: () => { turn++; } };
}

/** The names that there are, with the one that is chosen kept. */
function choices(select, names) {
  const chosen = select.value;
  select.replaceChildren(el("option", { value: "" }, t("all")), ...[...new Set(names)].sort().map(n => el("option", { value: n }, n)));
  select.value = [...select.options].some(o => o.value === chosen) ? chosen : "";
}

function entry(e) {
  return el("li", {},
    el("div", { class: "line" }, time(e.at), el("strong", {}, e.operator), el("span", { class: "action" }, e.action),
      e.subject ? subjectOf(e) : null, e.outcome ? badge(word("outcome", e.outcome), KIND[e.outcome] ?? "") : null,
      e.approver ? el("span", { class: "soft" }, t("approvedBy", e.approver)) : null, e.via ? el("span", { class: "soft" }, e.via) : null),
    e.reason || e.before || e.after ? el("p", { class: "lines" }, e.reason,
      e.before || e.after ? el("span", { class: "soft" }, e.reason ? " · " : "", [e.before, e.after].filter(Boolean).join(" → ")) : null) : null,
    e.problem ? el("p", { class: "lines bad" }, e.problem) : null,
    el("details", {}, el("summary", {}, t("details")), facts([
      [t("role"), e.role], [t("count"), e.count], [t("approvalId"), e.approvalId], [t("runId"), e.runId], [t("commandId"), e.commandId],
      [t("outsideWindow"), e.outsideWindow ? t("yes") : null], [t("until"), e.expiresAt ? time(e.expiresAt) : null],
      ...Object.entries(e.parameters ?? {}), ["SHA-256", e.digest]])));
}

const subjectOf = e => e.action.startsWith("order.") && /^[a-z][a-z2-7]{25}$/.test(e.subject)
  ? el("a", { href: "#/order/" + e.subject }, code(e.subject)) : code(e.subject);
