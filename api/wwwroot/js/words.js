// Words that depend on what the shop answered.
import { language, t } from "./page.js";

const known = new Set(["alipay", "wechat", "unionpay"]);

export const channelName = name => known.has(name) ? t(name) : name;

/** What went wrong with a request, and what to do. */
export function troubleText(trouble) {
  switch (trouble.status) {
    case 0: return t("troubleReach");
    case 400: return t("troubleFields");
    case 404:
    case 409: return t("troubleSoldOut");
    case 429: return t("troubleMany", trouble.retryAfter ?? 10);
    case 502:
    case 503:
    case 504: return t("troubleBusy");
    default: return t("troubleOther", [trouble.message, trouble.detail].filter(Boolean).join(" ") || trouble.status);
  }
}

/** Seconds as people say them. */
export function duration(seconds) {
  const format = (value, unit) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(value);
  return seconds < 90 ? format(Math.max(1, Math.ceil(seconds)), "second")
    : seconds < 5400 ? format(Math.round(seconds / 60), "minute") : format(Math.round(seconds / 3600), "hour");
}

/** mm:ss, or h:mm:ss. */
export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = n => String(n).padStart(2, "0");
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}
