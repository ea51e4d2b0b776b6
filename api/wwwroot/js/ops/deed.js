// A deed's dialog: what will happen, what has to be said about it, and then what became of it.
import { badge, code, el, field, t, troubleText, word } from "./dom.js";
import { takesTwo } from "./roles.js";
import * as works from "./works.js";

const MOST_WHY = 200;

/**
 * Asks for a deed and begins it.
 * @param about {
 *   title, action, what (texts or elements: what will happen), fields ([field, read: text => value | undefined, check: text => complaint | null]),
 *   confirm (the button's text), kind ("danger"), why (a reason has to be given), whyDefault, approval (given before), secret,
 *   request: (values, why) => the request of works.begin }
 */
export function deed(about) {
  const fields = about.fields ?? [];
  const why = about.why === false ? null : field("why", t("why"), {
    help: t("whyHelp"), maxlength: String(MOST_WHY), autocomplete: "off", value: about.whyDefault ?? null,
  });
  const two = takesTwo(about.action) || about.mayWait;
  const approval = two ? field("approval", t("approvalGiven"), {
    help: t("approvalGivenHelp"), autocomplete: "off", value: about.approval ?? null, maxlength: "64",
  }) : null;
  const trouble = el("p", { class: "notice bad", role: "alert", hidden: true });
  const body = el("div", { class: "body" }, [about.what].flat().filter(Boolean).map(w => typeof w === "string" ? el("p", {}, w) : w),
    two ? el("p", { class: "notice" }, about.mayWait ? about.mayWait : t("twoNeeded")) : null,
    about.secret && about.approval ? el("p", { class: "notice warn" }, t("sameAgain")) : null,
    trouble, fields.map(f => f.field.element), why?.element,
    approval ? el("details", { open: Boolean(about.approval) }, el("summary", {}, t("approvalHave")), approval.element) : null);
  const form = el("form", { novalidate: true, submit: e => { e.preventDefault(); go(); } }, body,
    el("div", { class: "foot" },
      el("button", { type: "button", click: () => dialog.close() }, t("cancel")),
      el("button", { type: "submit", class: about.kind ?? "main" }, about.confirm ?? about.title)));
  const dialog = frame(about.title, form);

  function go() {
    let first = null;
    const values = {};
    for (const f of fields) {
      const text = f.field.input.type === "checkbox" ? f.field.input.checked : f.field.input.value;
      const wrong = f.check?.(text) ?? null;
      f.field.complain(wrong);
      if (wrong && !first) first = f.field.input;
      values[f.field.input.name] = f.read ? f.read(text) : text;
    }
    const reason = why?.input.value.trim() ?? null;
    if (why) {
      why.complain(reason === "" ? t("whyMissing") : null);
      if (reason === "" && !first) first = why.input;
    }
    if (first) {
      first.focus();
      return;
    }
    const given = approval?.input.value.trim() || null;
    follow(dialog, works.begin({
      title: about.title, place: location.hash, secret: about.secret, approval: given, request: about.request(values, reason),
    }));
  }

  (form.querySelector("input:not([type=checkbox]), select, textarea") ?? form.querySelector("button[type=submit]")).focus();
  return dialog;
}

/** Shows a deed that is in hand. */
export const show = work => follow(frame(work.title, el("div")), work);

function frame(title, content) {
  const opener = document.activeElement;
  const dialog = el("dialog", {
    "aria-labelledby": "dialog-title",
    close: () => {
      dialog.dispatchEvent(new Event("gone"));
      dialog.remove();
      if (opener?.isConnected && !opener.disabled) opener.focus();
      else document.querySelector("main h1")?.focus();
    },
  }, el("h2", { id: "dialog-title", tabindex: "-1" }, title), content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** What becomes of a deed, as it happens. */
function follow(dialog, work) {
  const state = el("div", { class: "state", role: "status", "aria-live": "polite" });
  const bar = el("progress", { max: "1", hidden: true, "aria-label": t("progress") });
  const output = el("pre", { class: "output", tabindex: "0", role: "region", "aria-label": t("output"), hidden: true });
  const foot = el("div", { class: "foot" });
  dialog.replaceChildren(dialog.firstChild, el("div", { class: "body" }, state, bar, output), foot);
  let shown = null;

  function draw() {
    const part = work.sent !== undefined && work.sent < 1 ? work.sent : work.part;
    bar.hidden = work.state !== "running";
    if (part === null || part === undefined) bar.removeAttribute("value");
    else bar.value = part;
    output.textContent = [...work.notes, ...work.lines, ...(work.step ? [work.step] : [])].join("\n");
    output.hidden = output.textContent === "";
    const now = [work.state, work.said, work.approver, work.detail, part === null ? null : Math.floor((part ?? 0) * 20)].join();
    if (now === shown) return;
    shown = now;
    state.replaceChildren(...stateOf(work));
    foot.replaceChildren(...buttonsOf(dialog, work));
    if (!dialog.contains(document.activeElement) || document.activeElement === document.body) {
      (foot.querySelector(".main") ?? foot.querySelector("button"))?.focus();
    }
  }

  const end = works.onChange(changed => { if (changed === work) draw(); });
  dialog.addEventListener("gone", () => {
    end();
    if (work.state === "done") works.dismiss(work);
  });
  draw();
}

/** Where a deed stands, as elements. */
export function stateOf(work) {
  const said = {
    running: () => [badge(t("state.running"), "busy"),
      work.sent !== undefined && work.sent < 1 ? el("span", {}, t("sending", Math.floor(work.sent * 100))) : null],
    waiting: () => [badge(t("state.waiting"), "warn"),
      el("p", {}, work.approver ? t("approvedWaits", work.approver) : t("waitsFor"), " ", code(work.approvalId)),
      work.detail && work.approver ? el("p", { class: "soft" }, work.detail) : null,
      el("p", { class: "soft" }, t("waitsHow"))],
    approved: () => [badge(t("state.approved"), "good"), el("p", {}, t("approvedBy", work.approver ?? "–"), " ", code(work.approvalId))],
    done: () => [badge(t("state.done"), "good"), el("p", {}, work.said === "repeated" ? t("doneBefore") : t("doneNow"))],
    failed: () => [inPart(work) ? badge(t("state.partly"), "warn") : badge(t("state.failed"), "bad"), el("p", { class: "lines" }, failure(work))],
  }[work.state]();
  return said.filter(Boolean);
}

/** Keys of good lines are imported though other lines are bad. */
const inPart = work => work.request.kind === "upload" && work.said === "exitFailed";

function failure(work) {
  if (work.trouble?.status === 0 && !work.trouble.title) return t("notReached");
  if (work.trouble) return troubleText(work.trouble);
  if (work.said === "rejected") return t("rejectedBy", work.rejectedBy ?? "–", work.objection ?? "");
  return work.said ? word("failed", work.said) : t("failed.exitFailed");
}

function buttonsOf(dialog, work) {
  const close = el("button", { type: "button", class: work.state === "done" ? "main" : "", click: () => dialog.close() },
    work.state === "running" ? t("background") : t("close"));
  const stop = works.canStop(work)
    ? el("button", { type: "button", click: () => works.stop(work) }, t("stop")) : null;
  const now = work.state === "approved" || (work.state === "waiting" && work.approver)
    ? el("button", { type: "button", class: "main", click: () => works.again(work) }, t("doNow")) : null;
  const retry = works.canTryAgain(work)
    ? el("button", { type: "button", class: "main", click: () => works.again(work) }, t("again")) : null;
  return [stop, close, retry, now].filter(Boolean);
}

/** A field of a deed: what is read from it, and what is wrong with it. */
export const ofDeed = (made, { read, check } = {}) => ({ field: made, read, check });
