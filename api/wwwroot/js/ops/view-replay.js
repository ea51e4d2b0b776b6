// Once more through the fleets' handlers, and bringing a restored database up to the log: a plan first, then the deed.
import { badge, deedButton, el, facts, field, heading, loading, number, part, roleHint, t, table, time, troubleText, word } from "./dom.js";
import { ask, run } from "./api.js";
import { deed } from "./deed.js";
import { onBeat } from "./pulse.js";

const TOPICS = ["shop.orders.v1", "shop.payment-notifications.v1", "shop.key-batches.v1"];

const STORE = "cardshop.ops.replay";

export function open(place, [which], query) {
  const recover = which === "recover";
  const stop = new AbortController();
  place.append(heading(t("view.replay")),
    el("div", { class: "tabs" }, [["#/replay", "replay"], ["#/replay/recover", "recover"]].map(([href, name]) =>
      el("a", { href, "aria-current": (name === "recover") === recover ? "true" : null }, t("tab." + name)))));
  const content = recover ? recovery(stop.signal, query.get("approval")) : replays(stop.signal, query.get("approval"));
  place.append(...content.elements);
  return {
    refresh: content.refresh,
    leave: () => {
      stop.abort();
      content.leave?.();
    },
  };
}

/** A plan as it comes: output, progress, and what it led to. */
function planner(command, args, signal, done) {
  const bar = el("progress", { "aria-label": t("progress") });
  const state = el("p", { class: "soft", role: "status" }, t("planning"));
  const output = el("pre", { class: "output", tabindex: "0", role: "region", "aria-label": t("plan"), hidden: true });
  const lines = [];
  let step = null;
  const draw = () => {
    output.textContent = [...lines, ...(step ? [step] : [])].join("\n");
    output.hidden = output.textContent === "";
  };
  run({ command, arguments: args }, said => {
    if (said.progress) step = said.note;
    else if (said.line !== undefined || said.note !== undefined) lines.push(said.line ?? said.note);
    const part = /: (\d{1,3})\s?%/.exec(said.progress ? said.note : "");
    if (part) bar.value = Number(part[1]) / 100;
    draw();
  }, signal).then(end => {
    step = null;
    draw();
    bar.remove();
    state.textContent = end.exit === 0 ? t("planned") : t("planFailed");
    done(end.exit === 0, state);
  }).catch(e => {
    if (e.name === "AbortError") return;
    bar.remove();
    state.className = "notice bad";
    state.textContent = troubleText(e);
    done(false, state);
  });
  return [state, bar, output];
}

function replays(signal, approval) {
  const kept = stored();
  const f = {
    topic: field("topic", t("topic"), { options: TOPICS.map(x => [x, x]), value: kept.topic ?? TOPICS[0] }),
    from: field("from", t("from"), { help: t("placeHelp"), autocomplete: "off", spellcheck: "false", value: kept.from ?? "0" }),
    to: field("to", t("to"), { help: t("toHelp"), autocomplete: "off", spellcheck: "false", value: kept.to }),
    sku: field("sku", t("onlySku"), { autocomplete: "off", spellcheck: "false", value: kept.sku }),
    order: field("order", t("onlyOrder"), { autocomplete: "off", spellcheck: "false", value: kept.order }),
    rate: field("rate", t("rate"), { inputmode: "numeric", value: kept.rate ?? "5000", help: t("rateHelp") }),
  };
  const plan = el("div", { class: "plan" });
  const list = el("div");
  const again = loading(list, () => ask("replay.list", {}, signal), found => unfinished(found, approval));

  const read = () => Object.fromEntries(["topic", "from", "to", "sku", "order"].map(name => [name, f[name].input.value.trim()]).filter(([, v]) => v !== ""));
  const check = () => {
    const wrong = { from: isPlace(f.from.input.value.trim()) ? null : t("placeHelp"), to: f.to.input.value.trim() === "" || isPlace(f.to.input.value.trim()) ? null : t("placeHelp"),
      rate: /^[1-9]\d{0,6}$/.test(f.rate.input.value.trim()) ? null : t("wholeFrom", 1, number(1_000_000)) };
    for (const [name, text] of Object.entries(wrong)) f[name].complain(text);
    const first = Object.keys(wrong).find(name => wrong[name]);
    if (first) f[first].input.focus();
    return !first;
  };

  const form = el("form", {
    class: "part", novalidate: true, "aria-label": t("newReplay"), submit: e => {
      e.preventDefault();
      if (!check()) return;
      const args = read();
      const rate = Number(f.rate.input.value.trim());
      keep({ ...args, rate: String(rate) });
      const go = el("div", { class: "row" });
      plan.replaceChildren(el("h2", {}, t("plan")), ...planner("replay.plan", args, signal, good => {
        if (good) go.append(deedButton(t("runReplay"), "replay", () => runIt(args, rate, approval), { kind: "main" }));
      }), go);
    },
  },
  el("div", { class: "head" }, el("h2", {}, t("newReplay"))), el("div", { class: "grid3" }, Object.values(f).map(x => x.element)),
  el("div", { class: "row" }, el("button", { class: "main", type: "submit" }, t("makePlan")), el("span", { class: "soft" }, t("planSafe"))), plan);

  return { elements: [el("p", { class: "soft" }, t("replayAbout")), roleHint("replay"), part(t("unfinished"), list), form].filter(Boolean), refresh: again };
}

/** An offset, a time with its zone, or the end. */
const isPlace = text => /^\d{1,18}$/.test(text) || text === "end" || (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)));

function runIt(args, rate, approval) {
  deed({
    title: t("replayTitle", args.topic), action: "replay", confirm: t("runReplay"), approval, what: [facts([...Object.entries(args), [t("rate"), number(rate)]]), t("replayWhat")],
    request: (_, why) => ({ kind: "command", command: "replay.run", arguments: { ...args, rate }, why }),
  });
}

function unfinished(found, approval) {
  return table(t("unfinished"), [
    ["ID", r => el("code", {}, r.id)], [t("range"), r => r.asked], [t("begun"), r => [time(r.startedAt), " · ", r.operator]],
    [t("progress"), r => [el("progress", { max: "1", value: String(r.records > 0 ? r.done / r.records : 0), "aria-label": r.id }), " ",
      el("span", { class: "number" }, `${number(r.done)} / ${number(r.records)}`)]],
    ["", r => el("div", { class: "row" },
      deedButton(t("resume"), "replay", () => deed({
        title: t("resumeTitle", r.id), action: "replay", confirm: t("resume"), approval, what: [facts([[t("range"), r.asked]]), t("resumeWhat")],
        request: (_, why) => ({ kind: "command", command: "replay.resume", arguments: { id: r.id }, why }),
      })),
      deedButton(t("abandon"), "replay.abandon", () => deed({
        title: t("abandonTitle", r.id), action: "replay.abandon", confirm: t("abandon"), kind: "danger", what: [facts([[t("range"), r.asked]]), t("abandonWhat")],
        request: (_, why) => ({ kind: "command", command: "replay.abandon", arguments: { id: r.id }, why }),
      })))],
  ], found, { empty: t("noUnfinished") });
}

function recovery(signal, approval) {
  const state = el("p", { class: "row", role: "status" });
  const plan = el("div", { class: "plan" });
  const go = el("div", { class: "row" });
  let turn = 0;
  const look = () => {
    go.replaceChildren();
    const mine = ++turn;
    plan.replaceChildren(...planner("recover.plan", {}, signal, good => {
      if (good && mine === turn) go.replaceChildren(deedButton(t("runRecovery"), "recover", () => deed({
        title: t("recoverTitle"), action: "recover", confirm: t("runRecovery"), approval, kind: "danger", what: t("recoverWhat"),
        request: (_, why) => ({ kind: "command", command: "recover.run", arguments: {}, why }),
      }), { kind: "danger" }));
    }));
  };
  const leave = onBeat(({ overview }) => {
    const fence = overview?.fence;
    if (fence) state.replaceChildren(badge(t("fence") + ": " + word("fence", fence.state), fence.state === "open" ? "good" : "bad"), fence.reason ?? "");
  });
  return {
    elements: [
      el("p", { class: "soft" }, t("recoverAbout")), roleHint("recover"),
      part(t("recoverDatabase"), [state, el("p", {}, t("recoverDatabaseAbout")),
        el("div", { class: "row" }, el("button", { type: "button", class: "main", click: look }, t("makePlan"))), plan, go]),
      part(t("recoverWork"), [el("p", {}, t("recoverWorkAbout")), el("div", { class: "row" }, deedButton(t("refill"), "recover.work", () => deed({
        title: t("recoverWork"), action: "recover.work", confirm: t("refill"), approval, kind: "danger", what: t("refillWhat"),
        request: (_, why) => ({ kind: "command", command: "recover.work", arguments: {}, why }),
      }), { kind: "danger" }))]),
    ].filter(Boolean),
    leave,
  };
}

/** What was planned last stays in the form: the same range again is needed with its approval. */
function stored() {
  try { return JSON.parse(sessionStorage.getItem(STORE) ?? "{}"); } catch { return {}; }
}

function keep(args) {
  try { sessionStorage.setItem(STORE, JSON.stringify(args)); } catch { /* it is only a convenience */ }
}
