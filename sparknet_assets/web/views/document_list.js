// The list of documents: read page by page, and only the rows in sight are in the page.

import { button, h, put, words } from "../core/dom.js";
import { mediaType, money, number, when } from "../core/format.js";
import { status } from "../core/parts.js";
import { address } from "../core/router.js";

const SPARE_ROWS = 12;
const COLUMNS = ["Status", "Name", "Type", "Tier", "Pages", "Passages", "Cost", "Updated", ""];
const FIGURES = new Set([4, 5, 6, 7]);
const RECOUNT_MS = 1500;
const READ_AGAIN_MS = 2000;

/**
 * @param load (after) => {documents, next, totals}
 * @param count () => {totals}
 * @param matches whether a row belongs to the list as it is filtered
 * @param actions {retry, remove}: what may be done with a row
 */
export function documentList({ load, count, matches, actions, onTotals, whenEmpty, signal }) {
  let rows = [];
  let next = null;
  let loading = null;
  let at = -1;
  let totals = {};
  let failedAt = 0;
  let recounting = 0;
  const body = h("div", { class: "rows", role: "rowgroup" });
  const grid = h(
    "div",
    { class: "documents", role: "table", "aria-label": "Documents" },
    h(
      "div",
      { class: "row head", role: "row" },
      COLUMNS.map((name, i) =>
        h(
          "span",
          { role: "columnheader", class: FIGURES.has(i) ? "number" : null },
          name || h("span", { class: "visually-hidden" }, "Actions"),
        ),
      ),
    ),
    body,
  );
  const nodes = new Map();
  let place;

  return {
    start,
    reset,
    refresh,
    changed,
    gone,
    get length() {
      return rows.length;
    },
    keys: { j: () => move(1), k: () => move(-1), ArrowDown: arrow(1), ArrowUp: arrow(-1) },
  };

  /** @param from {rows, top}: how far it was read and scrolled when it was left */
  async function start(where, from = { rows: 0, top: 0 }) {
    place = where;
    window.addEventListener("scroll", draw, { passive: true, signal });
    window.addEventListener("resize", draw, { passive: true, signal });
    // Paper has no rows out of sight.
    window.addEventListener("beforeprint", () => draw(rows.length), { signal });
    window.addEventListener("afterprint", draw, { signal });
    await reset();
    while (next && rows.length < from.rows && !signal.aborted) await more();
    if (from.top) window.scrollTo(0, from.top);
  }

  async function reset() {
    const first = (loading = load(""));
    const answer = await first;
    if (loading !== first) return;
    loading = null;
    rows = answer.documents;
    next = answer.next;
    at = -1;
    totals = answer.totals;
    show();
  }

  /** Reads the first page anew, after the connection was gone; what was scrolled to stays. */
  async function refresh() {
    if (loading) return;
    const answer = await load("").catch(() => null);
    if (!answer) return;
    const there = new Set(answer.documents.map((row) => row.doc_id));
    const read = (row) => !answer.next || row.doc_id <= answer.next;
    for (const row of rows.filter((one) => read(one) && !there.has(one.doc_id))) gone(row.doc_id);
    for (const row of answer.documents) changed(row);
    totals = answer.totals;
    onTotals(totals);
    failedAt = 0;
    draw();
  }

  /** Of a row that was not read, nobody knows what it was counted as. */
  function recount() {
    recounting ||= setTimeout(async () => {
      recounting = 0;
      const answer = signal.aborted ? null : await count().catch(() => null);
      if (!answer || signal.aborted) return;
      totals = answer.totals;
      onTotals(totals);
    }, RECOUNT_MS);
  }

  function show() {
    onTotals(totals);
    for (const { element } of nodes.values()) element.remove();
    nodes.clear();
    put(place, rows.length ? grid : whenEmpty());
    draw();
  }

  function draw(upTo) {
    if (!rows.length || !grid.isConnected) return;
    const height = rowHeight();
    body.style.setProperty("height", `${rows.length * height}px`);
    const top = body.getBoundingClientRect().top;
    const all = Number.isInteger(upTo);
    const first = all ? 0 : Math.max(0, Math.floor(-top / height) - SPARE_ROWS);
    const seen = Math.ceil((window.innerHeight - top) / height) + SPARE_ROWS;
    const last = all ? upTo : Math.min(rows.length, seen);
    const wanted = new Set();
    for (let place = first; place < last; place += 1) {
      const row = rows[place];
      wanted.add(row.doc_id);
      let node = nodes.get(row.doc_id);
      if (node?.row !== row) {
        const made = rowOf(row);
        if (node) exchange(node.element, made);
        else body.append(made);
        node = { row, element: made };
        nodes.set(row.doc_id, node);
      }
      node.element.style.setProperty("top", `${place * height}px`);
      node.element.setAttribute("aria-rowindex", String(place + 2));
    }
    for (const [docId, node] of nodes) {
      if (wanted.has(docId) || node.element.contains(document.activeElement)) continue;
      node.element.remove();
      nodes.delete(docId);
    }
    grid.setAttribute("aria-rowcount", String(next ? -1 : rows.length + 1));
    if (next && !all && last > rows.length - SPARE_ROWS) void more();
  }

  async function more() {
    if (loading || Date.now() - failedAt < READ_AGAIN_MS) return;
    const mine = (loading = load(next));
    try {
      const answer = await mine;
      if (loading !== mine) return;
      rows = [...rows, ...answer.documents];
      next = answer.next;
    } catch {
      if (loading !== mine) return;
      failedAt = Date.now();
    }
    loading = null;
    draw();
  }

  function changed(row) {
    const known = rows.findIndex((other) => other.doc_id === row.doc_id);
    const before = known >= 0 ? rows[known].status : null;
    if (!before && place) recount();
    else if (before !== row.status && place) {
      totals = { ...totals, [row.status]: (totals[row.status] ?? 0) + 1 };
      totals[before] -= 1;
      onTotals(totals);
    }
    if (!matches(row)) {
      if (known >= 0) gone(row.doc_id);
      return;
    }
    if (known < 0) insert(row);
    else if (same(rows[known], row)) return;
    else rows[known] = row;
    if (grid.isConnected) draw();
    else if (place) show();
  }

  function insert(row) {
    const place = rows.findIndex((other) => other.doc_id > row.doc_id);
    if (place >= 0) rows.splice(place, 0, row);
    else if (!next) rows.push(row);
  }

  function gone(docId) {
    rows = rows.filter((row) => row.doc_id !== docId);
    nodes.get(docId)?.element.remove();
    nodes.delete(docId);
    if (rows.length) draw();
    else show();
  }

  function move(step) {
    if (!rows.length) return;
    const focused = rows.findIndex((row) =>
      nodes.get(row.doc_id)?.element.contains(document.activeElement),
    );
    at = Math.max(0, Math.min(rows.length - 1, (focused >= 0 ? focused : at) + step));
    const height = rowHeight();
    const top = body.getBoundingClientRect().top + at * height;
    const header = 110;
    if (top < header) window.scrollBy(0, top - header);
    else if (top + height > window.innerHeight - 70)
      window.scrollBy(0, top + height - window.innerHeight + 70);
    draw();
    nodes.get(rows[at].doc_id)?.element.querySelector("a").focus({ preventScroll: true });
  }

  function arrow(step) {
    return () => {
      if (!body.contains(document.activeElement)) return false;
      move(step);
      return true;
    };
  }

  /** A row takes the place of what it was before, and keeps the focus if that had it. */
  function exchange(before, made) {
    const held = before.contains(document.activeElement) ? document.activeElement : null;
    before.replaceWith(made);
    if (!held) return;
    const label = held.getAttribute("aria-label");
    const again = [...made.querySelectorAll("button")].find(
      (one) => label && one.getAttribute("aria-label") === label,
    );
    (again ?? made.querySelector("a")).focus({ preventScroll: true });
  }

  function rowHeight() {
    return Number.parseFloat(getComputedStyle(grid).getPropertyValue("--row")) || 44;
  }

  function rowOf(row) {
    const cell = (content, name, figure) =>
      h("span", { role: "cell", class: `${name}${figure ? " number" : ""}` }, content);
    const name = h(
      "a",
      {
        href: row.status === "deleted" ? null : address("documents", row.doc_id),
        data: { item: "" },
        title: [row.filename, row.failure?.message].filter(Boolean).join("\n"),
      },
      words(row.filename || row.doc_id),
    );
    return h(
      "div",
      { class: "row", role: "row", data: { doc: row.doc_id } },
      cell(status(row.status), "c-status"),
      cell(
        [
          name,
          row.failure
            ? words(row.failure.message, { class: "sub wrong" })
            : row.stale
              ? words(row.stale, { class: "sub" })
              : row.title && row.title !== row.filename
                ? words(row.title, { class: "sub" })
                : null,
        ],
        "c-name",
      ),
      cell(mediaType(row.media_type), "c-type"),
      cell(row.tier, "c-tier"),
      cell(row.pages ? number(row.pages) : "–", "c-pages", true),
      cell(row.chunks ? number(row.chunks) : "–", "c-chunks", true),
      cell(money(row.cost_usd), "c-cost", true),
      cell(when(row.updated_at), "c-updated", true),
      cell(actionsOf(row), "c-actions"),
    );
  }

  function actionsOf(row) {
    if (row.status === "deleted") return [];
    return [
      actions.retry && (row.status === "failed" || row.status === "partial")
        ? button(`Retry ${row.filename}`, () => actions.retry(row), { glyph: "retry", bare: true })
        : null,
      actions.remove
        ? button(`Delete ${row.filename}`, () => actions.remove(row), {
            glyph: "trash",
            bare: true,
          })
        : null,
    ];
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
