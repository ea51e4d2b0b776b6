// Charts made by hand as SVG: lines over time, bars by day, bars side by side. Looks are classes of ops.css.
import { el, language } from "./dom.js";
import { roundUp, spanOf } from "./history.js";

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined));
  return element;
}

const HEIGHT = 150;
const LEFT = 4;
const BOTTOM = 16;
const TOP = 12;

/**
 * Lines over the last ten minutes. Series: [{ name, kind (class), format }]. Returns { element, draw(times, values) }:
 * times in ms, values per series, null where nothing is known.
 */
export function lineChart(title, series, { note = "", format, href = null, least = 0 }) {
  const plot = svg("g");
  const pointer = svg("line", { class: "pointer", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  const picture = svg("svg", { class: "plot", height: HEIGHT, role: "img", "aria-label": title }, plot, pointer);
  const numbers = series.map(() => el("strong", { class: "number" }, "–"));
  const at = el("span", { class: "soft at" }, note);
  let last = { times: [], values: series.map(() => []) };
  let width = 0;
  fit(picture, wide => {
    width = wide;
    draw(last.times, last.values);
  });

  const say = i => series.forEach((s, n) => {
    const value = last.values[n][i];
    numbers[n].textContent = value === null || value === undefined ? "–" : format(value);
  });
  const x = time => LEFT + (width - 2 * LEFT) * (1 - (last.times.at(-1) - time) / spanOf(last.times));

  picture.addEventListener("pointermove", e => {
    const box = picture.getBoundingClientRect();
    const place = e.clientX - box.left;
    if (last.times.length < 2) return;
    const nearest = last.times.reduce((best, time, i) => Math.abs(x(time) - place) < Math.abs(x(last.times[best]) - place) ? i : best, 0);
    pointer.setAttribute("x1", x(last.times[nearest]));
    pointer.setAttribute("x2", x(last.times[nearest]));
    pointer.setAttribute("visibility", "visible");
    at.textContent = clock(last.times[nearest]);
    say(nearest);
  });
  picture.addEventListener("pointerleave", () => {
    pointer.setAttribute("visibility", "hidden");
    at.textContent = note;
    say(last.times.length - 1);
  });

  function draw(times, values) {
    last = { times, values };
    if (width === 0) return;
    const top = roundUp(Math.max(...values.flat().filter(v => v !== null), 0), least);
    const y = value => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top;
    plot.replaceChildren(...grid(top, y, format, width), ...clocks(times, x),
      ...series.map((s, n) => svg("path", { class: "line " + s.kind, d: pathOf(times, values[n], x, y) })),
      ...series.map((s, n) => dot(times, values[n], x, y, s.kind)).filter(Boolean));
    if (pointer.getAttribute("visibility") === "hidden") say(times.length - 1);
    picture.setAttribute("aria-label", `${title}: ${series.map((s, n) => `${s.name} ${numbers[n].textContent}`).join(", ")}`);
  }

  const head = href ? el("a", { href }, title) : title;
  return {
    draw,
    element: el("figure", { class: "chart" },
      el("figcaption", {}, el("span", { class: "title" }, head), at,
        el("span", { class: "legend" }, series.map((s, n) => el("span", { class: "key " + s.kind }, s.name, " ", numbers[n])))),
      picture),
  };
}

/** Calls draw with the picture's width, now and whenever it becomes another: its letters keep their size. */
function fit(picture, draw) {
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    // A view that has been left has no width.
    if (width > 2 * LEFT) draw(width);
  }).observe(picture);
}

function grid(top, y, format, width) {
  return [0, 0.5, 1].flatMap(part => [
    svg("line", { class: "grid", x1: LEFT, x2: width - LEFT, y1: y(top * part), y2: y(top * part) }),
    part === 0 ? null : svg("text", { class: "axis", x: LEFT, y: y(top * part) - 3 }, format(top * part)),
  ]).filter(Boolean);
}

function clocks(times, x) {
  if (times.length === 0) return [];
  const span = spanOf(times);
  const step = span > 300_000 ? 120_000 : span > 150_000 ? 60_000 : 30_000;
  const now = times.at(-1);
  const marks = [];
  for (let at = Math.floor(now / step) * step; at > now - span * 0.94; at -= step) {
    if (now - at > span * 0.05) marks.push(svg("text", { class: "axis", x: x(at), y: HEIGHT - 3, "text-anchor": "middle" }, clock(at)));
  }
  return marks;
}

/** A line with gaps where nothing is known. */
function pathOf(times, values, x, y) {
  let pen = "M";
  let path = "";
  values.forEach((value, i) => {
    if (value === null) {
      pen = "M";
      return;
    }
    path += `${pen}${x(times[i]).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

function dot(times, values, x, y, kind) {
  const value = values.at(-1);
  return value === null || value === undefined ? null
    : svg("circle", { class: "dot " + kind, cx: x(times.at(-1)), cy: y(value), r: 3 });
}

const clock = at => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(new Date(at));

/** Bars by day. Values: [{ label, value }]. */
export function barChart(title, values, format) {
  const height = 180;
  const top = roundUp(Math.max(...values.map(v => v.value), 0));
  const y = value => height - BOTTOM - (height - BOTTOM - TOP) * value / top;
  const sum = values.reduce((all, v) => all + v.value, 0);
  const picture = svg("svg", { class: "plot", height, role: "img", "aria-label": `${title}: ${format(sum)}` });
  fit(picture, width => {
    const wide = (width - 2 * LEFT) / Math.max(values.length, 7);
    const every = Math.ceil(values.length / Math.max(1, Math.floor(width / 70)));
    picture.replaceChildren(...values.flatMap(({ label, value }, i) => {
      const left = LEFT + i * wide;
      const bar = svg("rect", {
        class: "bar", x: left + wide * 0.12, width: wide * 0.76, y: y(value), height: Math.max(0, y(0) - y(value)), rx: 2,
      }, svg("title", {}, `${label}: ${format(value)}`));
      return [bar, i % every === 0 ? svg("text", { class: "axis", x: left + wide / 2, y: height - 3, "text-anchor": "middle" }, label.slice(5)) : null];
    }).filter(Boolean), ...grid(top, y, format, width));
  });
  return el("figure", { class: "chart" },
    el("figcaption", {}, el("span", { class: "title" }, title), el("span", { class: "legend" }, el("strong", { class: "number" }, format(sum)))),
    picture);
}

/** Bars side by side with their numbers. Values: [{ label, value, text }]; a full bar is `whole`, or the first value. */
export function shares(title, values, whole = values[0]?.value) {
  const top = Math.max(whole ?? 0, 1);
  return el("figure", { class: "chart" }, el("figcaption", {}, el("span", { class: "title" }, title)),
    el("dl", { class: "shares" }, values.map(({ label, value, text }) => [
      el("dt", {}, label), el("dd", {},
        svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
          svg("rect", { class: "track", x: 0, y: 0, width: 100, height: 10 }),
          svg("rect", { class: "bar", x: 0, y: 0, width: 100 * value / top, height: 10 })),
        el("span", {}, text)),
    ])));
}
