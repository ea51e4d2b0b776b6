// What the shop looks like now, and where to act.
import { badge, capped, duration, el, fixed, heading, number, part, t, troubleText, word } from "./dom.js";
import { lineChart } from "./charts.js";
import { rates } from "./history.js";
import { onBeat } from "./pulse.js";

/** Records behind from which a partition is shown warmer. */
const HEAT = [1, 100, 1_000, 10_000];

const SLOW_SECONDS = 60;

export function open(place) {
  const verdict = el("div", { class: "verdict", role: "status", "aria-live": "polite" });
  const tiles = el("div", { class: "tiles ten" });
  const perSecond = value => t("perSecond", fixed(value, value < 10 ? 1 : 0));
  const flow = lineChart(t("chartFlow"), [{ name: t("ordersIn"), kind: "a" }, { name: t("deliveredOut"), kind: "b" }],
    { format: perSecond, href: "#/statistics" });
  const latency = lineChart(t("chartLatency"),
    [{ name: "p50", kind: "b" }, { name: "p95", kind: "c" }, { name: "p99", kind: "d" }],
    { format: value => duration(value / 1000), href: "#/statistics" });
  const age = lineChart(t("chartAge"), [{ name: t("oldest"), kind: "c" }], { format: duration, href: "#/replay" });
  const behind = lineChart(t("chartLag"), [{ name: t("records"), kind: "a" }], { format: value => number(Math.round(value)), least: 2, href: "#/replay" });
  const heat = el("div", { class: "heat" });
  const channels = el("div");
  const stock = el("div");
  place.append(heading(t("view.overview")), verdict, tiles,
    el("div", { class: "charts" }, flow.element, latency.element, age.element, behind.element),
    part(t("lagTitle"), heat), el("div", { class: "columns" }, part(t("channelHealth"), channels, el("a", { href: "#/channels" }, t("switchThem"))),
      part(t("stockWarnings"), stock, el("a", { href: "#/products" }, t("toProducts")))));
  const end = onBeat(draw);

  function draw({ overview, samples, approvals, trouble }) {
    sayVerdict(verdict, overview, approvals, trouble);
    if (!overview) return;
    keep(tiles, tilesOf(overview));
    const times = samples.map(s => s.at);
    const of = name => samples.map(s => s[name]);
    flow.draw(times, [rates(samples, "accepted"), rates(samples, "delivered")]);
    latency.draw(times, [of("p50"), of("p95"), of("p99")]);
    age.draw(times, [of("age")]);
    behind.draw(times, [of("lag")]);
    keep(heat, heatOf(overview.lag));
    keep(channels, [channelsOf(overview.channels)]);
    keep(stock, [stockOf(overview.stock)]);
  }

  return { leave: end };
}

/** Puts new content in the place of the old where it differs: what has the focus stays, where nothing has changed. */
function keep(place, content) {
  const fresh = place.cloneNode(false);
  fresh.append(...content);
  if (place.isEqualNode(fresh)) return;
  const focused = [...place.querySelectorAll("a, [tabindex]")].indexOf(document.activeElement);
  place.replaceChildren(...fresh.childNodes);
  if (focused >= 0) place.querySelectorAll("a, [tabindex]")[focused]?.focus();
}

/** One sentence: is all well, and if not, what. */
function sayVerdict(place, overview, approvals, trouble) {
  const wrong = trouble ? [troubleText(trouble)] : overview ? [...troublesOf(overview), ...workOf(overview, approvals)] : [];
  const text = wrong.length === 0 ? (overview ? t("allWell") : t("loading")) : wrong.join(" · ");
  if (place.textContent === text) return;
  place.className = "verdict " + (wrong.length === 0 ? "good" : trouble || troublesOf(overview).length > 0 ? "bad" : "warn");
  place.textContent = text;
}

function troublesOf(o) {
  const found = [];
  if (o.fence.state !== "open") found.push(t(o.fence.state === "fenced" ? "isFenced" : "fenceUnknown"));
  if (o.away.length > 0) found.push(t("serversAway", o.away.join(", ")));
  const down = o.channels.filter(c => !c.up);
  if (down.length > 0) found.push(t("channelsDown", down.map(c => word("channel", c.channel)).join(", ")));
  const unserved = (o.fleets ?? []).filter(f => f.members === 0);
  if (unserved.length > 0) found.push(t("unserved", unserved.map(f => word("fleet", f.group)).join(", ")));
  if (o.queueAgeSeconds > SLOW_SECONDS) found.push(t("queueOld", duration(o.queueAgeSeconds)));
  const waiting = (o.deadLetters ?? 0) + (o.errorQueue ?? 0) + (o.work?.parkedMessages ?? 0);
  if (waiting > 0) found.push(t("messagesFailed", capped(waiting)));
  if (o.stock.soldOut > 0) found.push(t("soldOutCount", number(o.stock.soldOut)));
  return found;
}

/** What waits for a person, though nothing is wrong. */
const workOf = ({ work }, approvals) => [
  work?.reviewsOpen > 0 ? t("reviewsWait", capped(work.reviewsOpen)) : null,
  work?.manualWaiting > 0 ? t("manualWait", capped(work.manualWaiting)) : null,
  approvals > 0 ? t("approvalsWait", capped(approvals)) : null,
].filter(Boolean);

function tilesOf(o) {
  const count = (name, value, href, kind = "warn") => tile(name, value === null || value === undefined ? "–" : capped(value), href, value > 0 ? kind : "");
  return [
    tile(t("fence"), word("fence", o.fence.state), "#/replay/recover", o.fence.state === "open" ? "good" : "bad", o.fence.reason),
    tile(t("servers"), o.away.length === 0 ? t("allThere") : o.away.join(", "), "#/replay/recover", o.away.length === 0 ? "good" : "bad"),
    count(t("openReviews"), o.work?.reviewsOpen, "#/reviews"),
    count(t("manualWaiting"), o.work?.manualWaiting, "#/reviews"),
    count(t("deadLetters"), o.deadLetters, "#/letters", "bad"),
    count(t("errorQueue"), o.errorQueue, "#/letters/errors", "bad"),
    count(t("parked"), o.work?.parkedMessages, "#/letters/errors", "bad"),
    tile(t("outbox"), o.work ? capped(o.work.outboxRows) : "–", null, o.work?.outboxOldestSeconds > 10 ? "warn" : "",
      o.work?.outboxRows > 0 ? t("oldestFor", duration(o.work.outboxOldestSeconds)) : null),
    count(t("mailsFailed"), o.work?.mailsFailed, null),
    tile(t("stockWarnings"), `${number(o.stock.soldOut)} / ${number(o.stock.low)}`, "#/products", o.stock.soldOut > 0 ? "bad" : o.stock.low > 0 ? "warn" : "",
      t("soldOutLow")),
  ];
}

function tile(name, value, href, kind, note = null) {
  return el(href ? "a" : "div", { class: "tile " + kind, href }, el("span", { class: "what" }, name), el("strong", {}, value),
    note ? el("small", {}, note) : null);
}

/** A row per fleet and topic, a cell per partition: the warmer, the further behind. */
function heatOf(lag) {
  const rows = Map.groupBy(lag, l => `${l.group} · ${l.topic}`);
  return [...rows].map(([name, cells]) => {
    const known = cells.every(c => c.behind !== undefined && c.behind !== null);
    const sum = cells.reduce((all, c) => all + (c.behind ?? 0), 0);
    const worst = cells.reduce((w, c) => (c.behind ?? 0) > (w.behind ?? 0) ? c : w, cells[0]);
    const text = known ? sum === 0 ? t("upToDate") : t("behindWorst", number(sum), worst.partition, number(worst.behind)) : t("unknown");
    return el("div", { class: "fleet" },
      el("span", { class: "name" }, el("strong", {}, word("fleet", cells[0].group)), " ", el("span", { class: "soft" }, cells[0].topic)),
      el("span", { class: "cells", "aria-hidden": "true" },
        cells.map(c => el("i", { class: "h" + heatLevel(c.behind), title: t("partitionBehind", c.partition, number(c.behind), word("lagFrom", c.from)) }))),
      el("span", { class: known && sum > 0 ? "number" : "soft number" }, text));
  });
}

const heatLevel = behind => behind === undefined || behind === null ? "x" : HEAT.filter(h => behind >= h).length;

function channelsOf(channels) {
  return el("ul", { class: "plainlist" }, channels.map(c => el("li", {},
    el("a", { href: "#/channels" }, word("channel", c.channel)), " ",
    c.up ? c.downProfiles.length > 0 ? badge(t("upInPart"), "warn") : badge(t("up"), "good") : badge(t("down"), "bad"),
    c.downProfiles.length > 0 ? el("span", { class: "soft" }, " ", c.downProfiles.join(", ")) : null)));
}

function stockOf({ products, soldOut, low }) {
  if (products.length === 0) return el("p", { class: "empty" }, t("stockFine"));
  const shown = products.slice(0, 8);
  const rest = soldOut + low - shown.length;
  return el("ul", { class: "plainlist" }, shown.map(p => el("li", {},
    el("a", { href: "#/product/" + encodeURIComponent(p.sku) }, p.sku), " ",
    badge(p.available <= 0 ? t("soldOut") : t("left", number(p.available)), p.available <= 0 ? "bad" : "warn"))),
  rest > 0 ? el("li", {}, el("a", { href: "#/products" }, t("andMore", number(rest)))) : null);
}
