// Where a document came from and what was done with it.

import { copy } from "../core/dialogs.js";
import { button, h, renew, words } from "../core/dom.js";
import { bytes, counted, label, mediaType, moment, money, seconds } from "../core/format.js";
import { facts, failure, linkOut, status } from "../core/parts.js";

const SHORT = 10;

export function lineagePanel({ pages }) {
  const element = h("div", { class: "lineage" });
  return { element, show: (row) => renew(element, original(row), stages(row, pages)) };
}

function original(row) {
  const { raw = {}, metadata } = row;
  return h(
    "section",
    null,
    h("h2", null, "Original"),
    facts([
      ["Document", row.doc_id],
      ["Title", metadata?.title],
      ["Source", raw.source],
      ["Version", raw.version ? short(raw.version) : null],
      ["SHA-256", raw.sha256 ? short(raw.sha256) : null],
      ["Size", raw.size ? bytes(raw.size) : null],
      ["Type", row.media_type ? mediaType(row.media_type) : null],
      ["Language", metadata?.language],
      ["Flags", metadata?.flags?.length ? metadata.flags.map(label).join(", ") : null],
      ["Arrived", moment(row.created_at)],
      ["Last change", moment(row.updated_at)],
    ]),
  );
}

/** A hash by its beginning; the whole of it is copied by a click. */
function short(text) {
  const whole = button(`${text.slice(0, SHORT)}…`, () => void copy(text, "The whole of it was"), {
    class: "hash",
    title: `${text} (click to copy)`,
  });
  return text.length > SHORT + 2 ? whole : words(text, { class: "mono" });
}

const stages = (row, pages) =>
  h(
    "section",
    null,
    h("h2", null, "Stages"),
    row.stages?.length
      ? h(
          "ol",
          { class: "stages" },
          row.stages.map((stage) => stageOf(stage, pages)),
        )
      : h("p", { class: "hint" }, "None has run yet."),
  );

const stageOf = (stage, pages) =>
  h(
    "li",
    { data: { status: stage.status } },
    h(
      "div",
      { class: "stage-head" },
      h("strong", null, label(stage.stage)),
      status(stage.status),
      stage.reused
        ? h("span", { class: "tag", title: "The last run found the output up to date" }, "reused")
        : null,
      h("span", { class: "push number" }, seconds(stage.seconds)),
      h("span", { class: "number" }, money(stage.cost_usd)),
    ),
    h(
      "div",
      { class: "stage-facts" },
      h("span", null, moment(stage.updated_at)),
      stage.attempts > 1 ? h("span", null, `${stage.attempts} attempts`) : null,
      stage.fingerprint ? h("span", null, "fingerprint ", short(stage.fingerprint)) : null,
      stage.data_version ? h("span", null, "data ", short(stage.data_version)) : null,
      linkOut(stage.run_url, "Run in Dagster") ??
        (stage.run_id ? h("span", null, "run ", short(stage.run_id)) : null),
    ),
    stage.failure ? failure(stage.failure) : null,
    stage.metadata?.unclimbed
      ? h(
          "p",
          { class: "hint" },
          `${counted(stage.metadata.unclimbed, "doubtful page")} not read again: the budget did not allow it. A run with money for it does that.`,
        )
      : null,
    stage.failed_pages?.length
      ? h(
          "p",
          { class: "wrong" },
          "Missing pages: ",
          stage.failed_pages
            .slice(0, 50)
            .map((page) => [button(String(page), () => pages.show(page), { class: "link" }), " "]),
        )
      : null,
  );
