// What a search or a question is limited to: documents, kinds, tiers, dates, pages.

import { button, h } from "../core/dom.js";
import { choice, field } from "../core/parts.js";

const TYPES = [
  ["", "Any"],
  ["application/pdf", "PDF"],
  ["image/png", "PNG image"],
  ["image/jpeg", "JPEG image"],
  ["image/tiff", "TIFF image"],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word"],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel"],
  ["application/vnd.openxmlformats-officedocument.presentationml.presentation", "Slides"],
  ["text/html", "HTML"],
  ["text/plain", "Plain text"],
  ["text/markdown", "Markdown"],
  ["text/csv", "CSV"],
  ["message/rfc822", "Mail"],
];
const TIERS = [
  ["", "Any"],
  ["basic", "Basic"],
  ["standard", "Standard"],
  ["premium", "Premium"],
];

export function filters({ query }) {
  const text = (id, more) => h("input", { id, autocomplete: "off", spellcheck: "false", ...more });
  const documents = text("f-doc", { placeholder: "id, id, …" });
  const type = choice({ id: "f-type" }, TYPES);
  const tier = choice({ id: "f-tier" }, TIERS);
  const from = text("f-from", { type: "date" });
  const to = text("f-to", { type: "date" });
  const first = text("f-first", { type: "number", min: "1", placeholder: "first" });
  const last = text("f-last", { type: "number", min: "1", placeholder: "last" });
  last.setAttribute("aria-label", "Last page");
  const named = { doc: documents, type, tier, from, to, first, last };
  const element = h(
    "div",
    { class: "filters", id: "filters", hidden: true },
    field("f-doc", "Documents", documents, { class: "field grow" }),
    field("f-type", "Type", type),
    field("f-tier", "Tier", tier),
    field("f-from", "Arrived from", from),
    field("f-to", "to", to),
    h(
      "div",
      { class: "field" },
      h("label", { for: "f-first" }, "Pages"),
      h("div", { class: "pair" }, first, last),
    ),
    button("Clear", clear),
  );
  const toggle = button("Filters", () => open(element.hidden), {
    glyph: "filter",
    "aria-expanded": "false",
    "aria-controls": "filters",
  });
  take(query);
  return { element, toggle, value, count, forAddress, take };

  function open(on) {
    element.hidden = !on;
    toggle.setAttribute("aria-expanded", String(on));
  }

  function clear() {
    for (const control of Object.values(named)) control.value = "";
    documents.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** As the API takes it: only what is given. */
  function value() {
    const given = {};
    const ids = documents.value.split(/[,\s]+/).filter(Boolean);
    if (ids.length) given.doc_ids = ids;
    if (type.value) given.media_types = [type.value];
    if (tier.value) given.tiers = [tier.value];
    if (from.value) given.created_from = from.value;
    if (to.value) given.created_to = to.value;
    if (first.value || last.value) {
      given.pages = {};
      if (first.value) given.pages.first = Number(first.value);
      if (last.value) given.pages.last = Number(last.value);
    }
    return given;
  }

  function count() {
    return Object.keys(value()).length;
  }

  /** All of them, so that an address shows the same again. */
  function forAddress() {
    return Object.fromEntries(
      Object.entries(named).map(([name, control]) => [name, control.value.trim()]),
    );
  }

  /** As an address has them. */
  function take(found) {
    for (const [name, control] of Object.entries(named)) control.value = found.get(name) ?? "";
    for (const control of [type, tier]) if (control.selectedIndex < 0) control.value = "";
    if (count()) open(true);
  }
}
