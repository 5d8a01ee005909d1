// What stands on the pages besides the image: tables as tables, and passages as they were indexed.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { failed } from "../core/dialogs.js";
import { button, h, put, words } from "../core/dom.js";
import { number } from "../core/format.js";
import { empty, waiting } from "../core/parts.js";

/** The tables of the page in sight; pointing at a row marks it on the page. */
export function tablesPanel({ pages }) {
  const element = h("div", { class: "tables" });
  let showing = 0;
  return {
    element,
    onPage: (page) => element.isConnected && void load(page),
    shown: () => void load(pages.page),
  };

  async function load(page) {
    if (showing === page) return;
    showing = page;
    const text = await pages.pageText(page).catch(() => null);
    if (showing !== page) return;
    put(
      element,
      h("h2", null, `Tables on page ${number(page)}`),
      text?.tables?.length
        ? text.tables.map((table, place) => tableOf(table, page, place + 1))
        : h("p", { class: "hint" }, "None was found on this page."),
      keyValues(text, page),
    );
    if (!text) showing = 0;
  }

  function tableOf(table, page, nth) {
    const head = table.header_rows ?? 0;
    const row = (cells, place) => {
      const [x0, y0, x1, y1] = table.row_boxes[place] ?? [];
      const box = y1 === undefined ? [] : [{ page, x0, y0, x1, y1 }];
      return h(
        "tr",
        { tabindex: "0", on: pointing(pages, box) },
        cells.map((cell) => words(cell, {}, place < head && cell ? "th" : "td")),
      );
    };
    return h(
      "div",
      { class: "scroll-x", role: "region", tabindex: "0", "aria-label": `Table ${nth}` },
      h(
        "table",
        { class: "grid" },
        head ? h("thead", null, table.rows.slice(0, head).map(row)) : null,
        h(
          "tbody",
          null,
          table.rows.slice(head).map((cells, place) => row(cells, place + head)),
        ),
      ),
    );
  }

  function keyValues(text, page) {
    if (!text?.key_values?.length) return null;
    return [
      h("h2", null, "Labels and values"),
      h(
        "dl",
        { class: "facts" },
        text.key_values.map(({ key, value, value_box: box }) => {
          const boxes = box ? [{ page, x0: box[0], y0: box[1], x1: box[2], y1: box[3] }] : [];
          return [
            words(key, {}, "dt"),
            words(value, { tabindex: "0", on: pointing(pages, boxes) }, "dd"),
          ];
        }),
      ),
    ];
  }
}

/** Listeners that mark boxes on the page while something is pointed at or focused. */
export const pointing = (pages, boxes) => {
  const on = () => {
    pages.hint(boxes);
    if (boxes.length) pages.show(boxes[0].page, boxes);
  };
  const over = () => pages.hint(boxes);
  const off = () => pages.hint([]);
  return {
    focus: on,
    blur: off,
    mouseenter: over,
    mouseleave: off,
    click: () => pages.point(boxes),
  };
};

const PER_READ = 50;

/** The passages that search finds, in their order. */
export function passagesPanel({ docId, pages, signal }) {
  const list = h("ol", { class: "passages" });
  const element = h("div", null, h("h2", null, "Passages in the index"), list);
  const more = button("More", () => void load(), { class: "quiet" });
  let next = null;
  let begun = false;
  return { element, shown: () => begun || void load() };

  async function load() {
    if (!begun) put(list, waiting());
    try {
      const answer = await api.get(
        ["documents", docId, "chunks"],
        { after: next, limit: PER_READ },
        signal,
      );
      if (!begun) put(list);
      begun = true;
      next = answer.next;
      list.append(...answer.chunks.map(passage));
      if (!list.childElementCount) put(list, empty("None yet"));
      if (next) element.append(more);
      else more.remove();
    } catch (error) {
      put(list);
      if (error.status !== 404) failed(error);
      else put(list, empty("None yet"));
    }
  }

  function passage(chunk) {
    const boxes = boxesFrom(chunk.boxes);
    return h(
      "li",
      { tabindex: "0", data: { item: "" }, on: pointing(pages, boxes) },
      h(
        "div",
        { class: "hint" },
        `Page ${chunk.pages.join(", ")} · ${number(chunk.tokens)} tokens`,
        chunk.section?.length ? [" · ", words(chunk.section.join(" › "))] : null,
      ),
      words(chunk.text, {}, "p"),
    );
  }
}
