// What waits for a second operator: what exactly it allows, and his yes or no.
import { badge, code, deedButton, el, facts, field, heading, loading, money, part, t, time, word } from "./dom.js";
import { get } from "./api.js";
import { deed, ofDeed } from "./deed.js";
import { may, who } from "./roles.js";

const EVERY = 5_000;

/** Parameters that are minor units. */
const SUMS = new Set(["amount", "total"]);

const KIND = { pending: "warn", approved: "good", rejected: "bad", expired: "", used: "" };

export function open(place) {
  const body = el("div");
  const again = loading(body, () => get("approvals"), ({ approvals }) => content(approvals));
  place.append(heading(t("view.approvals"), el("button", { type: "button", click: () => again() }, t("refresh"))),
    el("p", { class: "soft" }, t("approvalsAbout")), body);
  const timer = setInterval(() => { if (!document.hidden && !document.querySelector("dialog[open]")) again(); }, EVERY);
  return { refresh: again, leave: () => clearInterval(timer) };
}

function content(approvals) {
  const newest = approvals.toReversed();
  const open = a => a.state === "pending" || a.state === "approved";
  const theirs = newest.filter(a => open(a) && a.by !== who().name);
  const mine = newest.filter(a => open(a) && a.by === who().name);
  const past = newest.filter(a => !open(a));
  const list = (all, empty) => all.length === 0 ? el("p", { class: "empty" }, empty) : el("div", {}, all.map(approval));
  return [
    part(t("ofOthers"), list(theirs, t("noneOfOthers"))),
    part(t("ofMine"), list(mine, t("noneOfMine"))),
    past.length === 0 ? null : part(t("past"), list(past)),
  ];
}

function approval(a) {
  const mine = a.by === who().name;
  const pending = a.state === "pending";
  const link = mine && a.state === "approved" ? placeOf(a) : null;
  return el("article", { class: "approval", "aria-label": `${a.action} ${a.subject}` },
    el("div", { class: "head" },
      el("h3", {}, a.action, " ", code(a.subject)), el("div", { class: "tools" }, badge(word("approval", a.state), KIND[a.state]))),
    el("p", { class: "lines" }, a.why || t("noReason")),
    facts([
      [t("askedBy"), [a.by, " · ", time(a.at)]], [t("approvalId"), code(a.approvalId)],
      ...parametersOf(a),
      [t("until"), pending || a.state === "approved" ? time(a.expiresAt) : null],
      [t("approvedByWhom"), a.approver ? [a.approver, a.outsideWindow ? ` · ${t("outsideWindow")}` : ""] : null],
      [t("rejectedByWhom"), a.rejectedBy], [t("objection"), a.objection],
    ]),
    pending ? el("div", { class: "row" },
      mine ? null : deedButton(t("approve"), "approval.approve", () => say(a, "approve"), { kind: "main" }),
      deedButton(mine ? t("withdraw") : t("reject"), "approval.reject", () => say(a, "reject"))) : null,
    link ? el("a", { class: "button main", href: link }, t("goDoIt")) : null);
}

/** What exactly it allows; sums of orders in money as well, as nobody reads fen at night. */
const parametersOf = a => Object.entries(a.parameters ?? {}).map(([name, value]) => [name, el("span", { class: "lines" },
  a.action.startsWith("order.") && SUMS.has(name) && /^\d+$/.test(value) ? `${value} = ${money({ currency: "CNY", minor: Number(value) })}` : value)]);

/** Where what was approved is done, with the approval at hand. */
function placeOf(a) {
  const query = "?approval=" + encodeURIComponent(a.approvalId);
  if (a.action.startsWith("order.")) return `#/order/${encodeURIComponent(a.subject)}${query}&deed=${encodeURIComponent(a.action)}`;
  if (a.action.startsWith("recover")) return `#/replay/recover${query}`;
  return a.action === "replay" ? `#/replay${query}` : null;
}

function say(a, verb) {
  const approving = verb === "approve";
  const outside = ofDeed(field("outsideWindow", t("outsideWindowAsk"), { type: "checkbox", help: t("outsideWindowHelp") }), {
    read: checked => checked || undefined,
  });
  deed({
    title: approving ? t("approveTitle") : t("rejectTitle"), action: `approval.${verb}`, confirm: approving ? t("approve") : t("reject"),
    kind: approving ? "main" : "danger",
    what: [facts([[t("askedBy"), a.by], [t("action"), a.action], [t("subject"), code(a.subject)], [t("why"), a.why],
      ...parametersOf(a)]), approving ? t("approveWhat") : t("rejectWhat")],
    fields: approving && may("recover") ? [outside] : [],
    request: ({ outsideWindow }, why) => ({
      kind: "http", method: "POST", path: `approvals/${encodeURIComponent(a.approvalId)}/${verb}`, body: outsideWindow ? { why, outsideWindow } : { why },
    }),
  });
}
