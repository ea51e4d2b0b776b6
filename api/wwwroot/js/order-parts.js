// The parts of an order's page. Each is an element and `show(view)`, which hides it where it has nothing to say.
import { announce, ask, copy, el, t } from "./page.js";
import { call, product, send, shopNow } from "./api.js";
import { channelName, clock, duration, troubleText } from "./words.js";

const LONG_QUEUE = 60_000;
const STILL_QUEUE = 20_000;
const LONG_DELIVERY = 30_000;
const SILENT_PROVIDER = 6_000;
const FIRST_KEYS = 100;
const PICTURE_TRIES = 20;

/** Accepted, pay, paid, delivered. */
export function steps() {
  const names = ["stepOrdered", "stepPay", "stepPaid", "stepDelivered"];
  const items = names.map(n => el("li", {}, t(n)));
  const element = el("ol", { class: "steps" }, items);
  const reached = { queued: 0, "awaiting-payment": 1, paid: 2, delivered: 4 };
  return {
    element,
    show({ status }) {
      element.hidden = !(status in reached);
      items.forEach((item, i) => {
        item.className = i < reached[status] ? "done" : i === reached[status] ? "now" : "";
        item.toggleAttribute("aria-current", i === reached[status]);
        if (i === reached[status]) item.setAttribute("aria-current", "step");
      });
    },
  };
}

/** The place in the queue: the bar runs from the first place that this page saw to none. */
export function queue() {
  const bar = el("progress", { class: "bar", max: "1", value: "0", "aria-label": t("status.queued") });
  const text = el("p");
  const long = el("p", { class: "soft", hidden: true }, t("queuedLong"));
  const element = el("section", { class: "sheet" }, bar, text, long);
  let first = 0, last = -1, moved = 0;
  const since = Date.now();
  return {
    element,
    show({ status, queue: place, degraded }) {
      element.hidden = status !== "queued";
      if (element.hidden) return;
      const position = place?.position ?? 0;
      first = Math.max(first, position);
      bar.max = Math.max(first, 1);
      bar.value = Math.max(first - position, first === 0 ? 1 : 0);
      if (position !== last) [last, moved] = [position, Date.now()];
      // While nothing moves, a time reckoned from the pace of before would be a promise that nobody keeps.
      const still = position > 0 && Date.now() - moved >= STILL_QUEUE;
      text.textContent = [
        position > 1 ? t("queuePlace", position - 1) : degraded && position === 0 ? null : t("queueNext"),
        still ? t("queueStill") : position > 1 ? t("queueEta", duration(place.estimatedSeconds)) : null,
      ].filter(Boolean).join(" · ");
      long.hidden = !still && Date.now() - since < LONG_QUEUE;
    },
  };
}

/** QR code, link, countdown, another channel, cancelling. */
export function payment(id, token) {
  const qr = el("img", { class: "qr", width: "224", height: "224", hidden: true });
  const title = el("h2", {}, t("payTitle"));
  const link = el("a", { class: "button main", target: "_blank", rel: "noopener noreferrer" });
  const left = el("p", { class: "count", role: "timer", "aria-live": "off" });
  const hint = el("p");
  const trouble = el("p", { class: "notice bad", role: "alert", hidden: true });
  const select = el("select", { id: "other-channel" });
  const change = el("button", { type: "button", click: () => act(() => call(
    `/v1/orders/${id}/channel`, { method: "POST", token, body: { channel: select.value } }), t("paySwitched"), changeRefused) }, t("paySwitch"));
  const other = el("div", { class: "field" }, el("label", { for: "other-channel" }, t("payOther")),
    el("div", { class: "row" }, select, change));
  const cancel = el("button", { type: "button", click: async () => {
    if (await ask(t("cancelAsk"), t("cancelYes"), t("cancelNo"))) {
      act(() => call(`/v1/orders/${id}/cancel`, { method: "POST", token }), t("cancelled"));
    }
  } }, t("cancel"));
  const element = el("section", { class: "sheet noprint" }, title, trouble,
    el("div", { class: "pay" }, qr, el("div", {}, left, hint, el("p", {}, link), other, cancel)));
  const paying = [qr, left, link];
  let shown = "", expires = 0, silentSince = 0, opens = false, offered = [null, ""];
  setInterval(tick, 500);

  function tick() {
    if (element.hidden || !expires) return;
    const seconds = (expires - shopNow()) / 1000;
    left.textContent = seconds > 0 ? t("payLeft", clock(seconds)) : t("payOver");
    link.hidden = seconds <= 0 || !opens;
    if (seconds <= 0) qr.hidden = true;
  }

  /** A channel that has gone down since it was offered. */
  function changeRefused(e) {
    if (e.status !== 400) return null;
    offer(...offered);
    return t("troubleChannel");
  }

  async function act(work, said, refused = () => null) {
    change.disabled = cancel.disabled = true;
    trouble.hidden = true;
    try {
      await work();
      announce(said);
      hint.textContent = said;
    } catch (e) {
      trouble.textContent = refused(e) ?? ([0, 502, 503, 504].includes(e.status) ? t("troubleAct") : troubleText(e));
      trouble.hidden = false;
    } finally {
      change.disabled = cancel.disabled = false;
    }
  }

  async function picture(link, tries = 1) {
    qr.hidden = true;
    try {
      const svg = await (await send(`/v1/orders/${id}/qr`, { token, headers: { Accept: "image/svg+xml" }, signal: AbortSignal.timeout(15_000) })).blob();
      if (shown !== link) return;
      URL.revokeObjectURL(qr.src);
      qr.src = URL.createObjectURL(svg);
      qr.hidden = false;
    } catch {
      // The link is there, unless it is one that only a phone's app can open: then the picture is all that there is.
      if (tries < PICTURE_TRIES) setTimeout(() => { if (shown === link) picture(link, tries + 1); }, 3_000);
    }
  }

  async function offer(present, sku) {
    offered = [present, sku];
    try {
      const up = (await product(sku)).channels.filter(c => c.up && c.name !== present);
      select.replaceChildren(...up.map(c => el("option", { value: c.name }, channelName(c.name))));
      other.hidden = up.length === 0;
    } catch {
      other.hidden = true;
    }
  }

  return {
    element,
    show({ status, sku, queue: place, degraded, payment: pay }) {
      // Processed, but the provider has not answered with a link: the buyer need not wait for it.
      const silent = status === "queued" && !degraded && !place?.position;
      silentSince = silent ? silentSince || Date.now() : 0;
      const isLong = silent && Date.now() - silentSince > SILENT_PROVIDER;
      element.hidden = !(status === "awaiting-payment" && pay) && !isLong;
      if (element.hidden) return;
      if (isLong) {
        for (const part of paying) part.hidden = true;
        if (shown !== "silent") {
          shown = "silent";
          expires = 0;
          hint.textContent = t("paySilent");
          offer(null, sku);
        }
        return;
      }
      left.hidden = false;
      expires = Date.parse(pay.expiresAt);
      if (shown !== pay.link) {
        shown = pay.link;
        const name = channelName(pay.channel);
        qr.alt = t("payQr", name);
        hint.textContent = t("payQr", name);
        link.textContent = t("payOpen", name);
        opens = /^(https?:|\/)/.test(pay.link);
        if (opens) link.href = pay.link;
        picture(pay.link);
        offer(pay.channel, sku);
      }
      tick();
    },
  };
}

/** What became of the order, in words; and what to do when it takes long. */
export function about() {
  const element = el("p", { class: "notice" });
  let paidSince = 0;
  return {
    element,
    show({ status, kind }) {
      const name = status === "paid" && kind === "manual" ? "paidManual" : "about." + status;
      const known = ["sold-out", "refused", "expired", "cancelled", "refunding", "refunded", "review", "paid"].includes(status);
      element.hidden = !known;
      if (!known) return;
      if (status === "paid") paidSince ||= Date.now();
      element.className = ["refunded", "refunding", "paid"].includes(status) ? "notice good" : "notice";
      element.textContent = status === "paid" && kind !== "manual" && Date.now() - paidSince > LONG_DELIVERY ? t("paidLong") : t(name);
    },
  };
}

/** The keys: copy, copy all, download, print. */
export function keys(id) {
  const list = el("ol", { class: "keys" });
  const more = el("button", { type: "button", hidden: true });
  const element = el("section", { class: "sheet", "aria-labelledby": "keys-title" },
    el("h2", { id: "keys-title", tabindex: "-1" }, t("keysTitle")), list, more,
    el("div", { class: "row noprint" },
      el("button", { class: "main", type: "button", click: e => say(e.currentTarget, copy(text())) }, t("copyAll")),
      el("button", { type: "button", click: save }, t("download")),
      el("button", { type: "button", click: () => { fill(Infinity); print(); } }, t("print"))),
    el("p", { class: "soft noprint" }, t("faulty")));
  let shown = [];

  const text = () => shown.map(k => k.number ? `${k.number} ${k.secret}` : k.secret).join("\n") + "\n";

  async function say(button, copied) {
    const before = button.textContent;
    const said = (await copied) ? t("copied") : t("notCopied");
    announce(said);
    button.textContent = said;
    setTimeout(() => { button.textContent = before; }, 1_500);
  }

  function save() {
    const url = URL.createObjectURL(new Blob([text()], { type: "text/plain;charset=utf-8" }));
    const link = el("a", { href: url, download: `${id}.txt` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1_000);
  }

  function fill(most) {
    list.replaceChildren(...shown.slice(0, most).map((key, i) => el("li", {},
      el("code", {}, key.number ? `${t("keyNumber")} ${key.number}\n${t("keySecret")} ${key.secret}` : key.secret),
      el("button", { class: "plain noprint", type: "button", "aria-label": t("copyKeyOf", i + 1),
        click: e => say(e.currentTarget, copy(key.secret)) }, t("copyKey")))));
    more.hidden = shown.length <= most;
    more.textContent = t("showAll", shown.length);
  }

  more.addEventListener("click", () => fill(Infinity));
  return {
    element,
    show({ delivery }) {
      element.hidden = !delivery;
      if (!delivery || JSON.stringify(delivery.keys) === JSON.stringify(shown)) return;
      shown = delivery.keys;
      fill(FIRST_KEYS);
      announce(t("newKeys"));
    },
  };
}
