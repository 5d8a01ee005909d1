// The fields of a document: each with its place on the page, and corrected where it stands.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { failed, notice } from "../core/dialogs.js";
import { button, h, put, words } from "../core/dom.js";
import { label, moment } from "../core/format.js";
import { confidence, empty, waiting, wrong } from "../core/parts.js";
import { editor } from "./field_editor.js";
import { pointing } from "./page_panels.js";
import { shown, typed } from "./values.js";

export function fieldsPanel({ docId, pages, canWrite, signal }) {
  const element = h("div", { class: "fields" });
  let schemas = new Map();
  return { element, load, nothing: () => put(element, none()) };

  async function load() {
    if (!element.childElementCount) put(element, waiting());
    try {
      const [found, known, past] = await Promise.all([
        api.get(["documents", docId, "fields"], {}, signal),
        api.get(["schemas"], {}, signal),
        api.get(["documents", docId, "corrections"], {}, signal),
      ]);
      schemas = new Map(known.schemas.map((schema) => [schema.name, schema]));
      show(found, past.corrections);
    } catch (error) {
      if (error.name === "AbortError") return;
      put(element, wrong(error, () => void load()));
    }
  }

  function show(found, past) {
    const nothing = !found.schemas.length && !found.labelled.length;
    put(
      element,
      found.complete ? null : h("p", { class: "failure mild" }, h("strong", null, "Not complete"), words(found.note, {}, "p")),
      found.schemas.map(ofSchema),
      found.labelled.length ? labelled(found.labelled) : null,
      nothing ? none() : null,
      past.length ? history(past) : null,
    );
  }

  function ofSchema(found) {
    const schema = schemas.get(found.schema_name);
    const specs = new Map((schema?.fields ?? []).map((spec) => [spec.name, spec]));
    const names = [...specs.keys(), ...Object.keys(found.fields).filter((name) => !specs.has(name))];
    return h(
      "section",
      { data: { schema: found.schema_name } },
      h("h2", null, schema?.title || label(found.schema_name)),
      problems(found.problems),
      h("ul", { class: "field-list" }, names.map((name) => rowOf(found.schema_name, name, specs.get(name), found.fields[name]))),
      Object.entries(found.tables).map(([name, table]) => tableOf(found.schema_name, name, table, schema)),
    );
  }

  function rowOf(schema, name, spec, value) {
    const row = h("li", { tabindex: "0", data: { field: name, item: "" } });
    const act = (event) => event.key === "Enter" && event.target === row && canWrite && (event.preventDefault(), edit());
    row.addEventListener("keydown", act);
    fill(value);
    return row;

    function fill(now) {
      value = now;
      const boxes = boxesFrom(now?.boxes);
      row.className = now?.value === undefined || now?.value === null ? "absent" : "";
      if (now?.source === "correction") row.classList.add("corrected");
      row.dataset.boxes = boxes.length ? "some" : "none";
      for (const [event, listener] of Object.entries(pointing(pages, boxes))) row[`on${event}`] = listener;
      put(
        row,
        h("div", { class: "field-name", title: spec?.description || null }, label(name), spec?.required ? h("abbr", { title: "required" }, "*") : null),
        h("div", { class: "field-value" }, words(shown(now?.value, spec?.type) || "not found")),
        h("div", { class: "field-tools" }, canWrite ? tools() : null),
        now ? h("div", { class: "field-meta" }, evidence(now)) : null,
        problems(now?.problems),
      );
    }

    function tools() {
      return [
        value?.source === "correction" ? button(`Take back the correction of ${label(name)}`, () => drop(), { glyph: "undo", bare: true }) : null,
        button(`Correct ${label(name)}`, edit, { glyph: "edit", bare: true }),
      ];
    }

    function edit() {
      const before = value;
      put(row, h("div", { class: "field-name" }, label(name)), editor({
        name: label(name), text: typed(value?.value), type: spec?.type, pages,
        save: async (text, chosen) => {
          const now = await correct([schema, name], text, chosen);
          fill(now);
          row.focus();
          undoable(name, before, spec, fill, [schema, name]);
        },
        cancel: () => (fill(before), row.focus()),
      }));
    }

    async function drop() {
      await api.remove(["documents", docId, "fields", schema, name]).then(fill, failed);
    }
  }

  const correct = ([schema, name], text, chosen) =>
    api.putJson(["documents", docId, "fields", schema, name], {
      value: text,
      ...(chosen ? { page: chosen.boxes[0].page, boxes: chosen.boxes } : {}),
    });

  function undoable(name, before, spec, fill, where) {
    notice(`${label(name)} was corrected.`, {
      action: "Undo",
      act: async () => {
        const undo = before?.source === "correction"
          ? correct(where, typed(before.value), null)
          : api.remove(["documents", docId, "fields", ...where]);
        await undo.then(fill, failed);
      },
    });
  }

  function tableOf(schema, name, table, known) {
    const specs = known?.tables.find((other) => other.name === name)?.columns ?? [];
    const specOf = (column) => specs.find((spec) => spec.name === column);
    return h(
      "div",
      { class: "field-table" },
      h("h3", null, label(name)),
      table.complete ? null : h("p", { class: "failure mild" }, h("strong", null, "Rows may be missing"), words(table.note, {}, "p")),
      h("div", { class: "scroll-x", role: "region", tabindex: "0", "aria-label": label(name) },
        h("table", { class: "grid" },
          h("thead", null, h("tr", null, table.columns.map((column) => h("th", { scope: "col" }, label(column))))),
          h("tbody", null, table.rows.map((cells, place) =>
            h("tr", null, cells.map((cell, i) => cellOf([schema, `${name}.${place}.${table.columns[i]}`], specOf(table.columns[i]), cell))))))),
    );
  }

  function cellOf(where, spec, given) {
    const cell = h("td", { tabindex: "0" });
    const fill = (now) => {
      const boxes = boxesFrom(now?.boxes);
      const kind = now?.source === "correction" ? "corrected" : now?.problems?.length ? "doubtful" : "";
      cell.className = `${kind} ${/amount|number/.test(spec?.type) ? "number" : ""}`;
      cell.title = now?.problems?.join(" ") ?? "";
      for (const [event, listener] of Object.entries(pointing(pages, boxes))) cell[`on${event}`] = listener;
      cell.ondblclick = canWrite ? edit : null;
      cell.onkeydown = (event) => event.key === "Enter" && event.target === cell && canWrite && (event.preventDefault(), edit());
      put(cell, words(shown(now?.value, spec?.type)));
      function edit() {
        put(cell, editor({
          name: where[1], text: typed(now?.value), type: spec?.type, pages,
          save: async (text, chosen) => {
            fill(await correct(where, text, chosen));
            undoable(where[1].split(".").pop(), now, spec, fill, where);
          },
          cancel: () => (fill(now), cell.focus()),
        }));
      }
    };
    fill(given);
    return cell;
  }

  function labelled(found) {
    return h(
      "section",
      null,
      h("h2", null, "Labels and values"),
      h("ul", { class: "field-list" }, found.map(({ label: name, value }) =>
        h("li", { tabindex: "0", data: { item: "" }, on: pointing(pages, boxesFrom(value.boxes)) },
          words(name, { class: "field-name" }, "div"),
          h("div", { class: "field-value" }, words(shown(value.value) || value.text)),
          h("div", { class: "field-meta" }, evidence(value))))),
    );
  }
}

const SOURCES = { rules: "Rules", llm: "Language model", textract: "Textract" };

const evidence = (value) => [
  value.source === "correction" ? h("span", { class: "tag" }, "corrected") : h("span", null, SOURCES[value.source] ?? label(value.source)),
  value.page ? h("span", null, `p. ${value.page}`) : null,
  value.source === "correction" ? null : confidence(value.confidence),
];

const problems = (found) =>
  found?.length ? h("ul", { class: "problems" }, found.map((text) => words(text, {}, "li"))) : null;

const none = () => empty("No fields", h("p", null, "Fields appear once the document is read and is of a kind that a schema describes."));

const history = (past) =>
  h(
    "details",
    { class: "history" },
    h("summary", null, `History of corrections (${past.length})`),
    h("ol", null, past.map((entry) =>
      h("li", null,
        h("strong", null, label(entry.field)), " ",
        words(shown(entry.before?.value ?? entry.before) || "nothing"), " → ",
        words(entry.dropped ? "as extracted" : shown(entry.value) || "nothing"),
        h("div", { class: "hint" }, moment(entry.at), " · ", words(entry.by), entry.note ? [" · ", words(entry.note)] : null)))),
  );
