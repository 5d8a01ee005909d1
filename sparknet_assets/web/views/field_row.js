// One field: its value, how sure that is, what is wrong with it, and correcting it.

import { boxesFrom } from "../core/boxes.js";
import { button, h, put, words } from "../core/dom.js";
import { label } from "../core/format.js";
import { confidence } from "../core/parts.js";
import { pointing } from "./page_panels.js";
import { shown } from "./values.js";

const SOURCES = { rules: "Rules", llm: "Language model", textract: "Textract" };

/** @param where [schema, field] */
export function fieldRow(where, spec, given, { pages, corrections }) {
  const name = label(where[1]);
  const row = h("li", { tabindex: "0", data: { field: where[1], item: "" } });
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== row || !corrections.canWrite) return;
    event.preventDefault();
    edit();
  });
  let value = null;
  fill(given);
  return row;

  function fill(now) {
    value = now;
    const boxes = boxesFrom(now?.boxes);
    row.className = (now?.value ?? null) === null ? "absent" : "";
    row.classList.toggle("corrected", now?.source === "correction");
    row.dataset.boxes = boxes.length ? "some" : "none";
    point(row, pages, boxes);
    const required = spec?.required ? h("abbr", { title: "required" }, "*") : null;
    put(
      row,
      h("div", { class: "field-name", title: spec?.description || null }, name, required),
      h("div", { class: "field-value" }, words(shown(now?.value, spec?.type) || "not found")),
      corrections.canWrite ? tools() : null,
      now ? h("div", { class: "field-meta" }, evidence(now)) : null,
      problems(now?.problems),
    );
  }

  function tools() {
    return h(
      "div",
      { class: "field-tools", on: { click: (event) => event.stopPropagation() } },
      corrections.takeBack(where, value, fill),
      button(`Correct ${name}`, edit, { glyph: "edit", bare: true }),
    );
  }

  function edit() {
    const focus = () => row.focus();
    const form = corrections.editorOf(where, value, spec, { fill, focus });
    put(row, h("div", { class: "field-name" }, name), form);
  }
}

/** Replaces what pointing at a node marks on the page. */
export function point(node, pages, boxes) {
  for (const [event, listener] of Object.entries(pointing(pages, boxes))) {
    node[`on${event}`] = listener;
  }
}

/** Where a value is from, and how sure it is. */
export const evidence = (value) => {
  const corrected = value.source === "correction";
  const source = SOURCES[value.source] ?? label(value.source);
  return [
    corrected ? h("span", { class: "tag" }, "corrected") : h("span", null, source),
    value.page ? h("span", null, `p. ${value.page}`) : null,
    corrected ? null : confidence(value.confidence),
  ];
};

export const problems = (found) => {
  const items = (found ?? []).map((text) => words(text, {}, "li"));
  return items.length ? h("ul", { class: "problems" }, items) : null;
};
