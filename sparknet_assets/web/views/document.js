// One document: its pages beside what is known of it.

import * as api from "../core/api.js";
import { failed, notice } from "../core/dialogs.js";
import { button, h, icon, put, renew, words } from "../core/dom.js";
import { counted, mediaType } from "../core/format.js";
import { bindView } from "../core/keys.js";
import { live } from "../core/live.js";
import { choice, failure, linkOut, status } from "../core/parts.js";
import { amend, boxesOf, entitle, go } from "../core/router.js";
import { viewer } from "../viewer/viewer.js";
import { removed } from "./documents.js";
import { fieldsPanel } from "./fields.js";
import { lineagePanel } from "./lineage.js";
import { passagesPanel, tablesPanel } from "./page_panels.js";
import { tabs } from "./tabs.js";

export async function open(root, route, { me, signal }) {
  const canWrite = me.scopes.includes("write");
  const narrow = window.matchMedia("(max-width: 860px)");
  const canRun = canWrite && me.features.processing;
  const docId = route.id;
  let row = await api.get(["documents", docId], {}, signal);
  const head = h("header", { class: "document-head" });
  const pages = viewer({
    signal,
    reveal: () => narrow.matches && panel.choose("pages"),
    onPage: (page) => {
      amend({ page });
      panels.tables.onPage(page);
    },
  });
  const panels = {
    fields: fieldsPanel({ docId, pages, canWrite, signal }),
    tables: tablesPanel({ pages }),
    passages: passagesPanel({ docId, pages, signal }),
    lineage: lineagePanel({ pages }),
  };
  const panel = tabs(
    [
      ["pages", "Pages", null],
      ["fields", "Fields", panels.fields],
      ["tables", "Tables", panels.tables],
      ["passages", "Passages", panels.passages],
      ["lineage", "Lineage", panels.lineage],
    ],
    {
      chosen:
        route.query.get("tab") ??
        (narrow.matches ? "pages" : row.status === "failed" ? "lineage" : "fields"),
      onChange: (tab) => {
        amend({ tab });
        root.dataset.tab = tab;
      },
    },
  );
  put(root, head, h("div", { class: "split" }, pages.element, panel.element));
  root.dataset.tab = panel.chosen;
  showHead();
  panels.lineage.show(row);
  bindView({ ...pages.keys, Escape: () => go("documents") });
  live.on("document", (changed) => changed.doc_id === docId && void again(), signal);
  await openPages();
  place(route);
  showFields();
  return { update };

  /** The same document at another place: nothing is loaded anew. */
  function update(next) {
    if (next.id !== docId) return false;
    const tab = next.query.get("tab");
    if (tab && tab !== panel.chosen) panel.choose(tab);
    place(next);
    return true;
  }

  /** Whether a stage has made something, of this or an earlier version. */
  function made(name) {
    return row.stages.some((stage) => stage.stage === name && stage.data_version);
  }

  async function openPages() {
    if (made("page_images")) await pages.open(docId);
    else pages.nothing(row.status === "failed");
  }

  function showFields() {
    if (made("extracted_fields")) void panels.fields.load();
    else panels.fields.nothing(row.status === "indexed");
  }

  function place({ query }) {
    const boxes = boxesOf(query.get("boxes"));
    pages.mark(boxes);
    const page = Number(query.get("page")) || boxes[0]?.page || 1;
    if (page > 1 || boxes.length) pages.show(page, boxes);
  }

  async function again() {
    try {
      const before = row;
      row = await api.get(["documents", docId], {}, signal);
      showHead();
      panels.lineage.show(row);
      if (row.pages !== before.pages || !pages.count) await openPages();
      if (row.updated_at !== before.updated_at) showFields();
    } catch (error) {
      if (error.status === 404) go("documents");
    }
  }

  function showHead() {
    entitle(row.filename || docId);
    const title =
      row.title && row.title !== row.filename ? words(row.title, { class: "sub" }) : null;
    renew(
      head,
      h(
        "div",
        { class: "document-name" },
        h(
          "a",
          {
            href: "#/documents",
            class: "back quiet bare",
            "aria-label": "All documents",
            title: "All documents",
          },
          icon("back"),
        ),
        h("div", null, words(row.filename || docId, { title: docId }, "h1"), title),
      ),
      h(
        "div",
        { class: "document-facts" },
        status(row.status),
        row.pages ? h("span", null, counted(row.pages, "page")) : null,
        row.media_type ? h("span", null, mediaType(row.media_type)) : null,
        tier(),
      ),
      h(
        "div",
        { class: "document-actions" },
        linkOut(row.links?.dagster, "Dagster"),
        button("Original", download, { glyph: "download" }),
        canRun ? button("Run again", again_, { glyph: "retry" }) : null,
        canWrite ? button("Delete", remove, { glyph: "trash", bare: true }) : null,
      ),
      row.failure ? failure(row.failure) : null,
      row.stale
        ? h(
            "div",
            { class: "failure mild" },
            h("strong", null, "Out of date"),
            words(row.stale, {}, "p"),
          )
        : null,
    );
  }

  function tier() {
    if (!canWrite) return h("span", null, row.tier);
    const select = choice(
      { "aria-label": "Tier" },
      [
        ["basic", "Basic tier"],
        ["standard", "Standard tier"],
        ["premium", "Premium tier"],
      ],
      row.tier,
    );
    select.addEventListener("change", async () => {
      try {
        row = { ...row, ...(await api.patch(["documents", docId], { tier: select.value })) };
        notice(
          `The tier is ${select.value} from the next run on.`,
          canRun ? { action: "Run now", act: again_ } : {},
        );
      } catch (error) {
        select.value = row.tier;
        failed(error);
      }
    });
    return select;
  }

  async function again_() {
    const retry = row.status === "failed" || row.status === "partial";
    await api
      .post(["runs"], { doc_ids: [docId], what: retry ? "retry" : "stale", force: retry })
      .then(() => notice("Processing begins."), failed);
  }

  async function remove() {
    if (await removed(row)) go("documents");
  }

  /** The original is fetched with the key and handed to the browser as a file. */
  async function download() {
    try {
      const href = await api.blobUrl(["documents", docId, "original"], {}, signal);
      const link = h("a", { href, download: row.filename });
      link.click();
      setTimeout(() => window.URL.revokeObjectURL(href), 60000);
    } catch (error) {
      failed(error);
    }
  }
}
