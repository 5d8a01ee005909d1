// All documents: where they stand, what is under way, uploading, retrying, deleting.

import * as api from "../core/api.js";
import { confirmed, failed, notice } from "../core/dialogs.js";
import { button, h, icon, put, renew, words } from "../core/dom.js";
import { counted, label, moment, number } from "../core/format.js";
import { bindView } from "../core/keys.js";
import { live } from "../core/live.js";
import { choice, empty, runProgress, waiting } from "../core/parts.js";
import { address, amend, go } from "../core/router.js";
import { documentList } from "./document_list.js";
import { uploads } from "./uploads.js";

const STATUSES = ["indexed", "partial", "pending", "failed", "deleted"];
const TYPED_MS = 250;
// How far the list was read and scrolled when it was left, so that coming back leads there again.
let left = null;

export async function open(root, route, { me, signal }) {
  const canWrite = me.scopes.includes("write");
  const canRun = canWrite && me.features.processing;
  const filter = {
    status: route.query.get("status") ?? "",
    q: route.query.get("q") ?? "",
    tier: route.query.get("tier") ?? "",
  };
  const statuses = h("div", { class: "segments", role: "group", "aria-label": "Status" });
  const runs = h("section", { class: "runs", "aria-label": "Batches under way" });
  const place = h("div", { class: "list-place" });
  const list = documentList({
    load: (after) => api.get(["documents"], { ...filter, after, limit: 100 }, signal),
    count: () => api.get(["documents"], { limit: 1 }, signal),
    matches: (row) => matches(row, filter),
    actions: { retry: canRun && retry, remove: canWrite && remove },
    onTotals: (totals) => showStatuses(totals),
    whenEmpty: () => nothing(filter, canWrite),
    signal,
  });
  const loading = canWrite ? uploads({ root, signal, processing: me.features.processing }) : null;
  put(
    root,
    h("div", { class: "toolbar" }, h("h1", null, "Documents"), search(), tiers(), loading?.button),
    statuses,
    runs,
    loading?.panel,
    place,
  );
  put(place, waiting());
  live.on("document", (row) => list.changed(row), signal);
  live.on("caught-up", () => list.refresh(), signal);
  live.on("run", showRuns, signal);
  showRuns();
  bindView({ ...list.keys, Escape: () => filter.q && reset() });
  signal.addEventListener("abort", () => {
    left = { rows: list.length, top: window.scrollY, shown: JSON.stringify(filter) };
  });
  await list.start(place, left?.shown === JSON.stringify(filter) ? left : undefined);
  return { update: () => false };

  function search() {
    const input = h("input", {
      type: "search",
      placeholder: "Find by name",
      "aria-label": "Find documents by name",
      value: filter.q,
      data: { search: "" },
      autocomplete: "off",
      spellcheck: "false",
    });
    let timer = 0;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => changed({ q: input.value.trim() }), TYPED_MS);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "Enter") list.keys.j();
      if (event.key === "Escape") input.blur();
    });
    return h(
      "div",
      { class: "searchbox" },
      icon("search"),
      input,
      h("kbd", { "aria-hidden": "true" }, "/"),
    );
  }

  function tiers() {
    const select = choice(
      { "aria-label": "Tier" },
      [
        ["", "All tiers"],
        ["basic", "Basic"],
        ["standard", "Standard"],
        ["premium", "Premium"],
      ],
      filter.tier,
    );
    select.addEventListener("change", () => changed({ tier: select.value }));
    return select;
  }

  function reset() {
    root.querySelector("[data-search]").value = "";
    changed({ q: "" });
  }

  function changed(what) {
    Object.assign(filter, what);
    amend(filter);
    list.reset().catch(failed);
  }

  function showStatuses(totals) {
    const all = Object.entries(totals).reduce(
      (sum, [name, n]) => sum + (name === "deleted" ? 0 : n),
      0,
    );
    const given = STATUSES.filter((name) => totals[name] || name === filter.status);
    renew(
      statuses,
      [["", "All", all], ...given.map((name) => [name, label(name), totals[name] ?? 0])].map(
        ([name, text, count]) =>
          h(
            "button",
            {
              type: "button",
              "aria-pressed": String(filter.status === name),
              data: name ? { status: name } : {},
              on: { click: () => changed({ status: name }) },
            },
            name ? h("i", { "aria-hidden": "true" }) : null,
            text,
            h("span", { class: "count" }, number(count)),
          ),
      ),
      totals.failed && canRun
        ? button("Retry failed", () => retryAll(totals.failed), {
            glyph: "retry",
            class: "quiet push",
          })
        : null,
    );
  }

  function showRuns() {
    const broken = live.active.length ? null : live.brokenOff;
    put(runs, live.active.map(runProgress), broken ? brokenOff(broken) : null);
    runs.hidden = !runs.childElementCount;
  }

  async function retry(row) {
    await api
      .post(["runs"], { doc_ids: [row.doc_id], what: "retry", force: true })
      .then(() => notice(`${row.filename} is being tried again.`), failed);
  }

  async function retryAll(count) {
    await api
      .post(["runs"], { doc_ids: null, what: "retry", force: false })
      .then(() => notice(`${counted(count, "document")} will be tried again.`), failed);
  }

  async function remove(row) {
    if (await removed(row)) list.gone(row.doc_id);
  }
}

const brokenOff = (run) =>
  h(
    "div",
    { class: "failure" },
    h("strong", null, "The last batch broke off"),
    words(run.message, {}, "p"),
    h("p", { class: "hint" }, moment(run.ended_at)),
  );

/** Deletes a document when that is meant; true when it is gone. */
export async function removed(row) {
  const sure = await confirmed({
    title: "Delete this document?",
    text: `${row.filename} goes with its pages, text, passages, fields and corrections, in every store. This can't be undone.`,
    action: "Delete",
  });
  if (!sure) return false;
  try {
    await api.remove(["documents", row.doc_id]);
    notice(`${row.filename} was deleted.`);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

const matches = (row, filter) =>
  (filter.status ? row.status === filter.status : row.status !== "deleted") &&
  (!filter.tier || row.tier === filter.tier) &&
  (!filter.q ||
    `${row.doc_id} ${row.filename} ${row.title ?? ""}`
      .toLowerCase()
      .includes(filter.q.toLowerCase()));

function nothing(filter, canWrite) {
  if (filter.q || filter.status || filter.tier) {
    return empty(
      "No documents match",
      h(
        "p",
        null,
        h(
          "a",
          { href: address("documents"), on: { click: () => go("documents") } },
          "Show all documents",
        ),
      ),
    );
  }
  return empty(
    "No documents yet",
    h(
      "p",
      null,
      canWrite
        ? "Drop files anywhere on this page, or upload them. A folder: sparknet ingest FOLDER"
        : "Nothing was taken in so far. Uploading takes a key with the scope write.",
    ),
  );
}
