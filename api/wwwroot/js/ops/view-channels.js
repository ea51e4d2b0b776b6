// Payment channels: what fleets see, and the operators' switch.
import { badge, deedButton, el, facts, heading, loading, roleHint, t, word } from "./dom.js";
import { get } from "./api.js";
import { deed } from "./deed.js";

const EVERY = 3_000;

export function open(place) {
  const body = el("div");
  const again = loading(body, async () => (await get("overview")).channels, channels =>
    [roleHint("channel.switch"), el("div", { class: "cards" }, channels.map(card))]);
  place.append(heading(t("view.channels")), el("p", { class: "soft" }, t("channelsAbout")), body);
  const timer = setInterval(() => { if (!document.hidden) again(); }, EVERY);
  return { refresh: again, leave: () => clearInterval(timer) };
}

function card({ channel, up, downProfiles }) {
  const name = word("channel", channel);
  return el("article", { class: "part card", "aria-label": name },
    el("div", { class: "head" }, el("h2", {}, name),
      el("div", { class: "tools" }, up ? badge(downProfiles.length > 0 ? t("upInPart") : t("up"), downProfiles.length > 0 ? "warn" : "good") : badge(t("down"), "bad"))),
    el("p", {}, t(up ? "channelOffered" : "channelNotOffered")),
    facts([[t("downProfiles"), downProfiles.length > 0 ? downProfiles.join(", ") : null]]),
    el("div", { class: "row" },
      deedButton(t("switchOff"), "channel.switch", () => turn(channel, name, "off"), { kind: up ? "danger" : "" }),
      deedButton(t("switchOn"), "channel.switch", () => turn(channel, name, "on"), { kind: up ? "" : "main", disabled: up && downProfiles.length === 0 })));
}

function turn(channel, name, to) {
  deed({
    title: t(to === "off" ? "switchOffTitle" : "switchOnTitle", name), action: "channel.switch", confirm: t(to === "off" ? "switchOff" : "switchOn"),
    kind: to === "off" ? "danger" : "main", what: t(to === "off" ? "switchOffWhat" : "switchOnWhat", name),
    request: (_, why) => ({ kind: "command", command: `channels.${to}`, arguments: { channel }, why }),
  });
}
