// Keys for a product: a file that is dropped or chosen, sent as it is; how far it has come, and the report.
import { deedButton, el, facts, field, number, part, t } from "./dom.js";
import { deed, ofDeed } from "./deed.js";
import { may } from "./roles.js";

const MOST_BYTES = 1024 * 1024 * 1024;
const NAME = 100;

export function keyImport(product) {
  const trouble = el("p", { class: "error", role: "alert", hidden: true });
  const input = el("input", {
    type: "file", id: "keys-file", class: "hidden", accept: ".txt,.csv,text/plain,text/csv", tabindex: "-1", disabled: !may("keys.import"),
    change: () => { take(input.files[0]); input.value = ""; },
  });
  const zone = el("div", {
    class: "drop", dragover: e => {
      if (!may("keys.import")) return;
      e.preventDefault();
      zone.classList.add("over");
    },
    dragleave: () => zone.classList.remove("over"),
    drop: e => {
      e.preventDefault();
      zone.classList.remove("over");
      if (may("keys.import")) take(e.dataTransfer.files[0]);
    },
  },
  el("p", {}, t("dropKeys")), deedButton(t("chooseFile"), "keys.import", () => input.click()),
  el("label", { class: "hidden", for: "keys-file" }, t("chooseFile")), input, el("p", { class: "soft" }, t("dropHelp")));

  function take(file) {
    if (!file) return;
    const wrong = file.size === 0 ? t("fileEmpty") : file.size > MOST_BYTES ? t("fileLarge") : null;
    trouble.hidden = !wrong;
    trouble.textContent = wrong ?? "";
    if (!wrong) askFor(product, file);
  }

  return part(t("importKeys"), [zone, trouble]);
}

function askFor(product, file) {
  const csv = /\.csv$/i.test(file.name);
  const reusable = product.kind === "reusable";
  deed({
    title: t("importTitle", product.sku), action: "keys.import", confirm: t("importNow"),
    what: [facts([[t("file"), file.name], [t("size"), sizeOf(file.size)], [t("product"), `${product.name} (${product.sku})`]]), t("importWhat")],
    fields: [
      ofDeed(field("format", t("format"), { options: [["text", t("format.text")], ["csv", t("format.csv")]], value: csv ? "csv" : "text" })),
      ...(reusable ? [ofDeed(field("quota", t("quota"), { inputmode: "numeric", value: "1", help: t("quotaHelp") }), {
        check: text => /^[1-9]\d{0,5}$/.test(text.trim()) ? null : t("wholeFrom", 1, number(100_000)),
      })] : []),
    ],
    request: ({ format, quota }, why) => ({
      kind: "upload", file, why,
      path: `products/${encodeURIComponent(product.sku)}/keys?format=${format}&name=${encodeURIComponent(file.name.slice(-NAME))}${reusable ? "&quota=" + quota : ""}`,
    }),
  });
}

function sizeOf(bytes) {
  return bytes < 1024 ? `${number(bytes)} B` : bytes < 1024 ** 2 ? `${number(Math.ceil(bytes / 1024))} KiB` : `${number(Math.ceil(bytes / 1024 ** 2))} MiB`;
}
