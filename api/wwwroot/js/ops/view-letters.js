// What no fleet could process: dead letters, and RabbitMQ's error queue. Several at once: retried, or put away.
import { badge, code, deedButton, el, heading, loading, number, roleHint, t, time } from "./dom.js";
import { ask } from "./api.js";
import { deed } from "./deed.js";

const MOST = 200;

/** What a retry or a discard takes at once. */
const MOST_AT_ONCE = 100;

const KINDS = {
  letters: {
    command: "dead-letters", list: { limit: MOST }, id: l => l.letter, text: "letterCount",
    title: l => l.type ?? l.topic, reason: l => l.reason, at: l => l.at, order: l => l.orderId,
    from: l => l.topic.startsWith("shop.") ? `${l.topic}[${l.partition}]@${l.offset}` : l.topic,
    details: l => [...l.lines, `${l.bytes} B`],
  },
  errors: {
    command: "errors", list: { limit: MOST }, id: e => e.messageId, text: "messageCount",
    title: e => (e.type ?? "?").split(",")[0].split(".").at(-1), reason: e => [e.exceptionType?.split(".").at(-1), e.problem].filter(Boolean).join(": "),
    at: e => e.failedAt, order: e => e.orderId, from: e => e.queue ?? "?",
    details: e => [e.type, e.exceptionType, e.problem, e.stack, `${e.size} B`].filter(Boolean),
  },
};

export function open(place, [which]) {
  const name = which === "errors" ? "errors" : "letters";
  const kind = KINDS[name];
  const stop = new AbortController();
  const chosen = new Set();
  const body = el("div");
  const tools = el("div", { class: "row sticky" });
  const again = loading(body, () => ask(`${kind.command}.list`, kind.list, stop.signal), found => {
    // What is ticked is what is chosen: of an older list nothing stays that this one does not show.
    const ids = new Set(found.map(kind.id));
    [...chosen].filter(id => !ids.has(id)).forEach(id => chosen.delete(id));
    drawTools();
    return list(kind, found.toReversed(), chosen, drawTools);
  });
  const refresh = () => {
    chosen.clear();
    body.querySelectorAll("input").forEach(box => { box.checked = false; });
    drawTools();
    again();
  };

  function drawTools() {
    const many = chosen.size === 0 || chosen.size > MOST_AT_ONCE;
    tools.replaceChildren(
      deedButton(t("retrySelected"), `${kind.command}.retry`, () => settle(kind, "retry", [...chosen]), { kind: "main", disabled: many }),
      deedButton(t("discardSelected"), `${kind.command}.discard`, () => settle(kind, "discard", [...chosen]), { kind: "danger", disabled: many }),
      el("span", { class: "soft", role: "status" }, t("selected", number(chosen.size))),
      chosen.size > MOST_AT_ONCE ? el("span", { class: "soft" }, t("atMostAtOnce", MOST_AT_ONCE)) : "");
  }

  drawTools();
  place.append(heading(t("view.letters"), el("button", { type: "button", click: refresh }, t("refresh"))),
    el("div", { class: "tabs" }, ["letters", "errors"].map(n => el("a", {
      href: n === "letters" ? "#/letters" : "#/letters/errors", "aria-current": n === name ? "true" : null,
    }, t("tab." + n)))),
    el("p", { class: "soft" }, t("about." + name)), roleHint(`${kind.command}.retry`) ?? "", tools, body);
  return { refresh, leave: () => stop.abort() };
}

function list(kind, found, chosen, changed) {
  if (found.length === 0) return [el("p", { class: "empty big" }, t("noneFailed"))];
  const boxes = [];
  const every = el("input", {
    type: "checkbox", id: "every", change: () => {
      boxes.forEach(({ box, id }) => {
        box.checked = every.checked;
        if (every.checked) chosen.add(id);
        else chosen.delete(id);
      });
      changed();
    },
  });
  return [
    el("p", { class: "check" }, every, el("label", { for: "every" }, t("selectAll", number(found.length)))),
    el("ul", { class: "letters" }, found.map(item => {
      const id = kind.id(item);
      const box = el("input", {
        type: "checkbox", checked: chosen.has(id), "aria-label": `${t("select")} ${id}`, change: () => {
          if (box.checked) chosen.add(id);
          else chosen.delete(id);
          every.checked = chosen.size === boxes.length;
          changed();
        },
      });
      boxes.push({ box, id });
      return el("li", { class: "part" }, box, el("div", {},
        el("div", { class: "line" }, el("strong", {}, kind.title(item)), code(id), el("span", { class: "soft" }, kind.from(item)), time(item.failedAt ? failedAt(item.failedAt) : item.at),
          kind.order(item) ? el("a", { href: "#/order/" + kind.order(item) }, t("order")) : null,
          item.canBeRetried === false ? badge(t("cannotBeRetried"), "warn") : null),
        el("p", { class: "lines" }, kind.reason(item)),
        el("details", {}, el("summary", {}, t("details")), el("pre", { class: "output", tabindex: "0" }, kind.details(item).join("\n")))));
    })),
    found.length === MOST ? el("p", { class: "soft" }, t("newestOnly", number(MOST))) : null,
  ].filter(Boolean);
}

/** NServiceBus writes "2030-01-02 03:04:05:678901 Z". */
const failedAt = text => text.replace(/^(\S+) (\d+:\d+:\d+):(\d+) Z$/, "$1T$2.$3Z");

function settle(kind, verb, ids) {
  deed({
    title: t(verb === "retry" ? "retryTitle" : "discardTitle", t(kind.text, number(ids.length))), action: `${kind.command}.${verb}`,
    kind: verb === "discard" ? "danger" : "main", confirm: t(verb === "retry" ? "retry" : "discard"),
    what: [t(`${verb}What.${kind.command}`), el("p", { class: "ids" }, ids.slice(0, 10).map(id => [code(id), " "]), ids.length > 10 ? t("andMore", number(ids.length - 10)) : "")],
    request: (_, why) => ({ kind: "command", command: `${kind.command}.${verb}`, arguments: { ids }, why }),
  });
}
