// A table of items among the fields: its cells are corrected like fields, by Enter or double click.

import { boxesFrom } from "../core/boxes.js";
import { h, put, words } from "../core/dom.js";
import { label } from "../core/format.js";
import { point } from "./field_row.js";
import { shown } from "./values.js";

const FIGURES = new Set(["amount", "number"]);

/** @param specs of the columns, as the schema has them */
export function fieldTable(schema, name, table, specs, given) {
  const head = table.columns.map((column) => h("th", { scope: "col" }, label(column)));
  const rows = table.rows.map((cells, place) => {
    const cellAt = (value, i) => {
      const column = table.columns[i];
      const spec = specs.find((other) => other.name === column);
      return cellOf([schema, `${name}.${place}.${column}`], spec, value, given);
    };
    return h("tr", null, cells.map(cellAt));
  });
  const region = {
    class: "scroll-x",
    role: "region",
    tabindex: "0",
    "aria-label": label(name),
  };
  return h(
    "div",
    { class: "field-table" },
    h("h3", null, label(name)),
    table.complete ? null : incomplete(table.note),
    h(
      "div",
      region,
      h("table", { class: "grid" }, h("thead", null, h("tr", null, head)), h("tbody", null, rows)),
    ),
  );
}

const incomplete = (note) =>
  h(
    "div",
    { class: "failure mild" },
    h("strong", null, "Rows may be missing"),
    words(note, {}, "p"),
  );

function cellOf(where, spec, given, { pages, corrections }) {
  const cell = h("td", { tabindex: "0" });
  let value = null;
  cell.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== cell) return;
    event.preventDefault();
    edit();
  });
  cell.addEventListener("dblclick", edit);
  fill(given);
  return cell;

  function fill(now) {
    value = now;
    cell.classList.toggle("number", FIGURES.has(spec?.type));
    cell.classList.toggle("corrected", now?.source === "correction");
    cell.classList.toggle("doubtful", Boolean(now?.problems?.length));
    cell.title = now?.problems?.join(" ") ?? "";
    point(cell, pages, boxesFrom(now?.boxes));
    put(cell, words(shown(now?.value, spec?.type)));
  }

  function edit() {
    if (!corrections.canWrite) return;
    const focus = () => cell.focus();
    const form = corrections.editorOf(where, value, spec, { fill, focus });
    put(cell, corrections.takeBack(where, value, fill), form);
  }
}
