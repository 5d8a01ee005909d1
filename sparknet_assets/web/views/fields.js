// The fields of a document by schema, the labels found besides, and the history of corrections.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { h, put, renew, words } from "../core/dom.js";
import { counted, label, moment } from "../core/format.js";
import { empty, waiting, wrong } from "../core/parts.js";
import { correcting } from "./correcting.js";
import { evidence, fieldRow, problems } from "./field_row.js";
import { fieldTable } from "./field_table.js";
import { pointing } from "./page_panels.js";
import { shown } from "./values.js";

export function fieldsPanel({ docId, pages, canWrite, signal }) {
  const element = h("div", { class: "fields" });
  const corrections = correcting({ docId, pages, canWrite });
  let schemas = new Map();
  return { element, load, nothing: (read) => put(element, none(read)) };

  async function load() {
    // What somebody is typing is not swept away by a run that has just ended.
    if (element.querySelector(".editor")) return;
    if (!element.childElementCount) put(element, waiting());
    try {
      const [found, known, past] = await Promise.all([
        api.get(["documents", docId, "fields"], {}, signal),
        api.get(["schemas"], {}, signal),
        api.get(["documents", docId, "corrections"], {}, signal),
      ]);
      schemas = new Map(known.schemas.map((schema) => [schema.name, schema]));
      corrections.seen(found.version);
      show(found, past.corrections);
    } catch (error) {
      if (error.name !== "AbortError")
        put(
          element,
          wrong(error, () => void load()),
        );
    }
  }

  function show(found, past) {
    const nothing = !found.schemas.length && !found.labelled.length;
    renew(
      element,
      found.complete ? null : incomplete(found.note),
      found.schemas.map(ofSchema),
      found.labelled.length ? labelled(found.labelled) : null,
      nothing ? none(true) : null,
      past.length ? history(past) : null,
    );
  }

  function ofSchema(found) {
    const { schema_name: name, fields, tables } = found;
    const schema = schemas.get(name);
    const specs = new Map((schema?.fields ?? []).map((spec) => [spec.name, spec]));
    const others = Object.keys(fields).filter((field) => !specs.has(field));
    const given = { pages, corrections };
    const rowOf = (field) =>
      fieldRow([name, field], specs.get(field), fields[field] ?? null, given);
    const absent = (field) =>
      !specs.get(field)?.required && (fields[field]?.value ?? null) === null;
    const all = [...specs.keys(), ...others];
    const missing = all.filter(absent);
    const columns = (table) => schema?.tables.find((other) => other.name === table)?.columns ?? [];
    return h(
      "section",
      { data: { schema: name } },
      h("h2", null, schema?.title || label(name)),
      problems(found.problems),
      h("ul", { class: "field-list" }, all.filter((field) => !absent(field)).map(rowOf)),
      missing.length ? notFound(missing.map(rowOf)) : null,
      Object.entries(tables).map(([table, value]) =>
        fieldTable(name, table, value, columns(table), given),
      ),
    );
  }

  function labelled(found) {
    const row = ({ label: name, value }) =>
      h(
        "li",
        { tabindex: "0", data: { item: "" }, on: pointing(pages, boxesFrom(value.boxes)) },
        words(name, { class: "field-name" }, "div"),
        h("div", { class: "field-value" }, words(shown(value.value) || value.text)),
        h("div", { class: "field-meta" }, evidence(value)),
      );
    return h(
      "section",
      null,
      h("h2", null, "Labels and values"),
      h("ul", { class: "field-list" }, found.map(row)),
    );
  }
}

const notFound = (rows) =>
  h(
    "details",
    { class: "not-found" },
    h("summary", null, `${counted(rows.length, "other field")} not found`),
    h("ul", { class: "field-list" }, rows),
  );

const incomplete = (note) =>
  h("div", { class: "failure mild" }, h("strong", null, "Not complete"), words(note, {}, "p"));

const none = (read) =>
  empty(
    "No fields",
    h(
      "p",
      null,
      read
        ? "The document is of no kind that has a schema, and no labels with values were found."
        : "They appear once the document is read.",
    ),
  );

function history(past) {
  const entry = ({ field, before, value, dropped, at, by, note }) =>
    h(
      "li",
      null,
      h("strong", null, label(field)),
      ": ",
      words(shown(before?.value ?? before) || "nothing"),
      " → ",
      words(dropped ? "as extracted" : shown(value) || "nothing"),
      h("div", { class: "hint" }, [moment(at), by, note].filter(Boolean).join(" · ")),
    );
  return h(
    "details",
    { class: "history" },
    h("summary", null, `History of corrections (${past.length})`),
    h("ol", null, past.map(entry)),
  );
}
