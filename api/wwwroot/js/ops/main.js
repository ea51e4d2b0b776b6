// The console: who is logged in, the frame around the views, and which view the address names.
import { announce, language, switchLanguage } from "../page.js";
import { badge, capped, el, t, troubleText, word } from "./dom.js";
import { get, hadSession, login, logout, onEnded } from "./api.js";
import { setMe, who } from "./roles.js";
import { show, stateOf } from "./deed.js";
import * as pulse from "./pulse.js";
import * as works from "./works.js";

const VIEWS = ["overview", "orders", "reviews", "letters", "approvals", "channels", "products", "replay", "audit", "statistics"];

/** Views that stand under another one's name in the navigation. */
const UNDER = { order: "orders", product: "products" };

const main = document.getElementById("main");
let view = null;
let turn = 0;
let frame = null;

/** Deeds whose end the view knows: it is read again once for each. */
const seenDone = new WeakSet();

document.documentElement.lang = language;
document.title = t("console");
onEnded(() => { if (who()) askForKey(t("sessionEnded")); });
addEventListener("hashchange", route);
works.onChange(changed);
// An upload, or a work whose connection must stay, ends with the page, and the answer of any other is lost: nobody closes it by mistake.
addEventListener("beforeunload", e => { if (works.all().some(w => works.canStop(w) || works.isAsked(w))) e.preventDefault(); });
start();

async function start() {
  if (!hadSession()) {
    askForKey(null);
    return;
  }
  try {
    enter(await get("me"));
  } catch (e) {
    askForKey(e.status === 401 ? null : troubleText(e));
  }
}

function enter(me) {
  setMe(me);
  drawFrame();
  pulse.start();
  works.resume(me.name);
  if (!location.hash) history.replaceState(null, "", "#/overview");
  route();
}

/** The login stands in the place of everything; the address stays, so that the place is not lost. */
function askForKey(said) {
  setMe(null);
  leave();
  pulse.stop();
  document.querySelectorAll("dialog").forEach(d => d.close());
  frame?.remove();
  frame = null;
  const trouble = el("p", { class: "notice " + (said ? "" : "bad"), role: "alert", tabindex: "-1", hidden: !said }, said ?? "");
  const key = el("input", { id: "key", name: "password", type: "password", autocomplete: "current-password", maxlength: "512", required: true });
  const button = el("button", { class: "main", type: "submit" }, t("login"));
  const say = text => {
    trouble.className = "notice bad";
    trouble.textContent = text;
    trouble.hidden = false;
    key.setAttribute("aria-invalid", "true");
    key.focus();
  };
  document.body.classList.add("out");
  main.replaceChildren(el("form", {
    class: "login", novalidate: true, "aria-labelledby": "login-title",
    submit: async e => {
      e.preventDefault();
      if (button.disabled) return;
      if (key.value.trim() === "") {
        say(t("loginMissing"));
        return;
      }
      button.disabled = true;
      try {
        const me = await login(key.value.trim());
        key.value = "";
        enter(me);
      } catch (x) {
        say(x.status === 401 ? t("loginWrong") : x.status === 429 ? t("loginLocked", lockText(x.retryAfter)) : troubleText(x));
        key.select();
      } finally {
        button.disabled = false;
      }
    },
  },
  el("h1", { id: "login-title" }, el("img", { src: "/icon.svg", alt: "", width: "32", height: "32" }), t("loginTitle")),
  trouble, el("label", { for: "key" }, t("loginKey")), key, el("p", { class: "soft" }, t("loginHelp")),
  el("div", { class: "row" }, button, languageButton())));
  key.focus();
}

const lockText = seconds => !seconds ? t("min", 1) : seconds < 90 ? t("sec", seconds) : t("min", Math.ceil(seconds / 60));

function languageButton() {
  const other = language === "en" ? ["zh-CN", "中文"] : ["en", "English"];
  return el("button", { class: "plain", type: "button", lang: other[0], click: () => switchLanguage(other[0]) }, other[1]);
}

function drawFrame() {
  document.body.classList.remove("out");
  frame?.remove();
  const { name, role } = who();
  const links = VIEWS.map(v => el("a", { href: "#/" + v, "data-view": v }, el("span", {}, t("view." + v)), el("span", { class: "count", hidden: true })));
  frame = el("div", { class: "frame" },
    el("a", { class: "skip", href: "#main", click: e => { e.preventDefault(); main.focus(); } }, t("skip")),
    el("header", {},
      el("a", { class: "name", href: "#/overview" }, el("img", { src: "/icon.svg", alt: "", width: "24", height: "24" }), t("console")),
      el("span", { class: "pulse", id: "pulse", role: "status" }),
      el("div", { class: "me" }, el("strong", {}, name), badge(word("role", role)), languageButton(),
        el("button", {
          class: "plain", type: "button", click: async () => {
            try {
              await logout();
            } catch {
              main.prepend(el("p", { class: "notice bad", role: "alert" }, t("logoutLost")));
              return;
            }
            works.forget();
            askForKey(t("loggedOut"));
          },
        }, t("logout")))),
    el("nav", { "aria-label": t("navigation") }, links));
  main.before(frame);
  main.replaceChildren(
    el("section", { id: "hand", class: "hand", "aria-label": t("inHand"), hidden: true }), el("div", { id: "view" }));
  drawHand();
  pulse.onBeat(beat);
}

/** What the newest look at the shop means for the frame: numbers beside the views where one acts. */
function beat({ overview, approvals, trouble }) {
  if (!frame) return;
  const place = document.getElementById("pulse");
  const text = trouble ? t("pulseLost") : "";
  if (place.textContent !== text) place.textContent = text;
  place.className = "pulse " + (trouble ? "bad" : "");
  const counts = !overview ? {} : {
    reviews: (overview.work?.reviewsOpen ?? 0) + (overview.work?.manualWaiting ?? 0),
    letters: (overview.deadLetters ?? 0) + (overview.errorQueue ?? 0) + (overview.work?.parkedMessages ?? 0),
    channels: overview.channels.filter(c => !c.up).length,
    products: overview.stock.soldOut,
    approvals,
  };
  for (const link of frame.querySelectorAll("nav a")) {
    const count = counts[link.dataset.view] ?? 0;
    const shown = link.lastChild;
    shown.hidden = count === 0;
    shown.textContent = capped(count);
  }
}

function changed(work) {
  drawHand();
  if (work?.state === "done" && !seenDone.has(work)) {
    seenDone.add(work);
    announce(`${work.title}: ${t("state.done")}`);
    view?.refresh?.();
  } else if (work?.state === "failed" && work.request.kind === "upload" && !seenDone.has(work)) {
    seenDone.add(work);
    view?.refresh?.();
  } else if (work?.state === "approved") {
    announce(`${work.title}: ${t("state.approved")}`);
  }
}

/** Deeds in hand stand above every view, until they are done and seen. */
function drawHand() {
  const place = document.getElementById("hand");
  if (!place) return;
  const all = works.all();
  const key = all.map(w => w.id + w.state + Math.floor((w.part ?? 0) * 20)).join();
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.hidden = all.length === 0;
  place.replaceChildren(...all.map(work => el("div", { class: "work " + work.state },
    el("strong", {}, work.title), stateOf(work)[0],
    work.approvalId && work.state !== "done" ? el("code", {}, work.approvalId) : null,
    work.state === "running" && work.part !== null ? el("progress", { max: "1", value: String(work.part), "aria-label": work.title }) : null,
    work.state === "approved" ? el("button", { type: "button", class: "main", click: () => { show(work); works.again(work); } }, t("doNow")) : null,
    el("button", { type: "button", click: () => show(work) }, t("look")),
    work.state === "running" ? null : el("button", { type: "button", click: () => works.dismiss(work) }, t("dismiss")))));
}

function leave() {
  turn++;
  view?.leave?.();
  view = null;
}

async function route() {
  if (!who()) return;
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(part => { try { return decodeURIComponent(part); } catch { return ""; } });
  const known = VIEWS.includes(name) || name in UNDER ? name : "overview";
  leave();
  const mine = turn;
  const place = document.getElementById("view");
  place.replaceChildren();
  const under = UNDER[known] ?? known;
  for (const link of frame.querySelectorAll("nav a")) {
    if (link.dataset.view === under) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "center" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
  document.title = `${t("view." + under)} · ${t("console")}`;
  const { open } = await import(`./view-${known}.js`);
  if (mine !== turn) return;
  view = open(place, rest, new URLSearchParams(query ?? "")) ?? {};
  pulse.hurry(known === "overview");
  place.querySelector("h1")?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

