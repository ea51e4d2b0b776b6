// Sales for the owner: by day and by product, the funnel, the channels, how long a delivery takes.
import { duration, el, field, fixed, heading, loading, money, number, part, t, table, troubleText, word } from "./dom.js";
import { barChart, shares } from "./charts.js";
import { blob, get } from "./api.js";

const DAY = 86_400_000;

/** Revenue has no currency of its own in the answer: the shop sells in one. */
const CURRENCY = "CNY";

const sum = minor => money({ currency: CURRENCY, minor });

export function open(place, _, query) {
  // Which day it is, the shop's time zone says: until the first answer names it, the server chooses the days.
  const from = field("from", t("fromDay"), { type: "date", value: query.get("from") ?? "" });
  const to = field("to", t("toDay"), { type: "date", value: query.get("to") ?? "" });
  let zone;
  const show = days => {
    from.input.value = day(Date.now() - (days - 1) * DAY, zone);
    to.input.value = day(Date.now(), zone);
  };
  const body = el("div");
  const trouble = el("p", { class: "notice bad", role: "alert", hidden: true });
  const range = () => new URLSearchParams([["from", from.input.value], ["to", to.input.value]].filter(([, value]) => value !== "")).toString();
  let timer = null;
  let left = false;
  const again = loading(body, async () => {
    clearTimeout(timer);
    const report = await get("statistics?" + range(), 60);
    zone = report.zone;
    if (from.input.value === "" && to.input.value === "") show(30);
    if (report.pending?.length > 0 && !left) timer = setTimeout(again, AGAIN);
    return report;
  }, content);
  const quick = days => el("button", {
    type: "button", click: () => {
      show(days);
      again();
    },
  }, t("lastDays", days));

  async function download() {
    trouble.hidden = true;
    try {
      const file = URL.createObjectURL(await blob("statistics.csv?" + range()));
      const link = el("a", { href: file, download: `cardshop-${from.input.value}-${to.input.value}.csv` });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(file), 10_000);
    } catch (e) {
      if (e.status === undefined) throw e;
      trouble.textContent = troubleText(e);
      trouble.hidden = false;
    }
  }

  place.append(heading(t("view.statistics"), el("button", { type: "button", click: download }, t("downloadCsv"))),
    el("form", { class: "part filters", novalidate: true, submit: e => {
        e.preventDefault();
        const crossed = from.input.value !== "" && to.input.value !== "" && from.input.value > to.input.value;
        from.complain(crossed ? t("daysCrossed") : null);
        if (crossed) from.input.focus();
        else again();
      } },
      from.element, to.element, el("div", { class: "row end" }, el("button", { class: "main", type: "submit" }, t("show")), quick(7), quick(30), quick(90))),
    trouble, body);
  return {
    refresh: again, leave: () => {
      left = true;
      clearTimeout(timer);
    },
  };
}

/** A moment's day there, as 2030-01-31. */
const day = (at, timeZone) => {
  const parts = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(at);
  return ["year", "month", "day"].map(type => parts.find(p => p.type === type).value).join("-");
};

const KEYS = ["placed", "paid", "delivered", "expired", "refused", "soldOut", "cancelled", "refunded", "revenue", "refundedAmount"];

/** The steps of a sale, in their order. */
const STEPS = ["placed", "paymentOpened", "paid", "delivered"];

/** While the server still counts days, it is asked again. */
const AGAIN = 5_000;

/** Rows of one name as one: sums, and the average weighted by what was delivered. */
function merged(rows, key) {
  return [...Map.groupBy(rows, r => r[key])].map(([name, group]) => {
    const all = { [key]: name };
    for (const k of KEYS) all[k] = group.reduce((total, r) => total + (r[k] ?? 0), 0);
    const timed = group.filter(r => r.averageDeliverySeconds !== null && r.averageDeliverySeconds !== undefined && r.delivered > 0);
    const count = timed.reduce((total, r) => total + r.delivered, 0);
    all.averageDeliverySeconds = count > 0 ? timed.reduce((total, r) => total + r.averageDeliverySeconds * r.delivered, 0) / count : null;
    return all;
  });
}

function content(s) {
  const pending = s.pending?.length > 0 ? el("p", { class: "notice", role: "status" }, t("stillCounted", s.pending.join(", "))) : null;
  if (s.days.length === 0) return [pending, el("p", { class: "empty big" }, t("noSales"))];
  const days = merged(s.days, "day").sort((a, b) => a.day.localeCompare(b.day));
  const products = merged(s.days, "sku").sort((a, b) => b.revenue - a.revenue);
  const [summed] = merged(s.days.map(d => ({ ...d, all: "" })), "all");
  const all = { ...summed, ...s.funnel };
  const percent = (part, of) => of > 0 ? fixed(100 * part / of) + " %" : "–";
  const funnel = STEPS.filter(step => all[step] !== undefined).map(step => [step, all[step]]);
  const columns = first => [
    first, [t("placed"), r => number(r.placed), "n"], [t("paid"), r => number(r.paid), "n"], [t("deliveredCount"), r => number(r.delivered), "n"],
    [t("endedUnpaid"), r => number(r.expired + r.refused + r.soldOut + r.cancelled), "n"], [t("refundedCount"), r => number(r.refunded), "n"], [t("revenue"), r => sum(r.revenue), "n"],
    [t("refundedAmount"), r => sum(r.refundedAmount), "n"], [t("averageDelivery"), r => duration(r.averageDeliverySeconds), "n"],
  ];
  return [
    pending,
    el("div", { class: "tiles" }, [
      [t("revenue"), sum(all.revenue)], [t("placed"), number(all.placed)], [t("paid"), number(all.paid)], [t("deliveredCount"), number(all.delivered)],
      [t("conversion"), percent(all.paid, all.placed)], [t("refundedAmount"), sum(all.refundedAmount)], [t("averageDelivery"), duration(all.averageDeliverySeconds)],
    ].map(([what, value]) => el("div", { class: "tile" }, el("span", { class: "what" }, what), el("strong", {}, value)))),
    el("div", { class: "charts" },
      barChart(t("revenueByDay"), days.map(d => ({ label: d.day, value: d.revenue })), sum),
      barChart(t("ordersByDay"), days.map(d => ({ label: d.day, value: d.placed })), n => number(Math.round(n))),
      shares(t("funnel"), funnel.map(([name, value]) => ({ label: word("funnel", name), value, text: `${number(value)} · ${percent(value, funnel[0][1])}` }))),
      shares(t("channelShares"), s.channels.map(c => ({
        label: word("channel", c.channel), value: c.orders, text: `${number(c.orders)} · ${percent(c.orders, s.channels.reduce((n, x) => n + x.orders, 0))} · ${sum(c.amount)}`,
      })), s.channels.reduce((n, c) => n + c.orders, 0))),
    part(t("byProduct"), table(t("byProduct"), columns([t("sku"), r => el("a", { href: "#/product/" + encodeURIComponent(r.sku) }, r.sku)]), products)),
    part(t("byDay"), [s.zone ? el("p", { class: "soft" }, t("zoneOf", s.zone)) : null, table(t("byDay"), columns([t("day"), r => r.day]), days.toReversed())]),
  ];
}
