// Pieces that several views show.

import { h, icon, put, words } from "./dom.js";
import { counted, label, number, percent } from "./format.js";

/** A status as a dot and its word, so that colour is never alone. */
export const status = (name) =>
  h(
    "span",
    { class: "status", data: { status: name } },
    h("i", { "aria-hidden": "true" }),
    label(name),
  );

const asId = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");

/** What people call a document; beside it its id, where that does not follow from the name. */
export function called({ doc_id: id, filename, title }, properties = {}) {
  const more = [title, id].filter((text) => text && text !== filename).join("\n");
  return [
    words(filename || id, { ...properties, title: more || null }),
    filename && asId(filename) !== id ? words(id, { class: "hint id" }) : null,
  ];
}

/** Says that there is nothing, and what to do about it. */
export const empty = (title, ...more) =>
  h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), ...more);

export const waiting = (text = "Loading…") => h("p", { class: "waiting", role: "status" }, text);

const TITLES = {
  budget: "The budget is spent",
  0: "No connection",
  403: "This key may not do that",
  404: "Not found",
  429: "Too many requests",
  503: "Not available just now",
  504: "That took too long",
};

/** An error in the place of what it kept from being shown. */
export const wrong = (error, again) =>
  h(
    "div",
    { class: "empty", role: "alert" },
    h(
      "p",
      { class: "empty-title" },
      TITLES[error.kind] ?? TITLES[error.status] ?? "That did not work",
    ),
    words(error.message, {}, "p"),
    again
      ? h("button", { type: "button", class: "quiet", on: { click: again } }, "Try again")
      : null,
  );

/** A failure with its remedy, which the message says. */
export const failure = (found) =>
  h(
    "div",
    { class: "failure" },
    h("strong", null, label(found.kind)),
    words(found.message, {}, "p"),
    found.next_retry_at ? h("p", { class: "hint" }, "It will be tried again by itself.") : null,
  );

/** How sure something is: a short bar and the figure. */
export function confidence(value) {
  if (value === null || value === undefined) return null;
  const kind = value >= 0.9 ? "high" : value >= 0.7 ? "middling" : "low";
  return h(
    "span",
    { class: `confidence ${kind}`, title: `Confidence ${percent(value)}` },
    h("i", { "aria-hidden": "true", css: { "--share": String(value) } }),
    percent(value),
  );
}

/** A table; `numbers` are the places of columns of figures. */
export function table(heads, rows, { numbers = [], caption, properties } = {}) {
  const kind = (place) => ({ class: numbers.includes(place) ? "number" : null });
  return h(
    "div",
    { class: "scroll-x", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      properties,
      caption ? h("caption", { class: "visually-hidden" }, caption) : null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          heads.map((head, i) => h("th", { scope: "col", ...kind(i) }, head)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h(
            "tr",
            null,
            row.map((cell, i) => h("td", { ...kind(i), data: { label: heads[i] } }, cell)),
          ),
        ),
      ),
    ),
  );
}

/** A list of names and what they are. */
export const facts = (pairs) =>
  h(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => [h("dt", null, name), h("dd", { dir: "auto" }, value)]),
  );

/** A labelled control of a form. */
export const field = (id, text, control, properties = {}) =>
  h("div", { class: "field", ...properties }, h("label", { for: id }, text), control);

export const choice = (properties, options, chosen) => {
  const select = h(
    "select",
    properties,
    options.map(([value, text]) => h("option", { value }, text)),
  );
  select.value = chosen ?? options[0][0];
  return select;
};

/** Says that documents under way are not searched yet; nothing where there are none. */
export function unread(runs) {
  const left = runs.reduce((sum, run) => sum + run.documents - (run.finished ?? 0), 0);
  if (left <= 0) return null;
  return h("p", { class: "hint" }, `${counted(left, "document")} being processed, not found yet.`);
}

/** A running batch: what it does, how far it is. */
export function runProgress(run) {
  const { finished: done = 0, documents: total = 0 } = run;
  // Of a batch of another process the documents that it still holds are known, and no more.
  const elsewhere = run.what === "elsewhere" && run.state === "running";
  const stages = Object.entries(run.stages ?? {}).filter(([, count]) => count);
  return h(
    "div",
    { class: "run", data: { run: run.id } },
    h(
      "div",
      { class: "run-head" },
      h("strong", null, run.state === "waiting" ? "Waiting" : "Processing"),
      elsewhere
        ? h("span", null, `${counted(total, "document")} left, begun elsewhere`)
        : h("span", null, `${number(done)} of ${counted(total, "document")}`),
      run.failed ? h("span", { class: "wrong" }, `${number(run.failed)} failed`) : null,
      words(run.message ?? "", { class: "hint run-message" }),
    ),
    h("progress", {
      max: total || 1,
      value: elsewhere ? null : done,
      "aria-label": "Documents processed",
    }),
    stages.length
      ? h(
          "div",
          { class: "run-stages" },
          stages.map(([name, count]) => h("span", null, `${label(name)} ${number(count)}`)),
        )
      : null,
  );
}

// Scripts that put no spaces between words.
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]/u;

/** A term as a pattern: the word, with an ending of two letters at most; not within another. */
function wordly(term) {
  const literal = term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return UNSPACED.test(term)
    ? literal
    : `(?<![\\p{L}\\p{N}])${literal}\\p{L}{0,2}(?![\\p{L}\\p{N}])`;
}

/** The text with what was asked for marked in it. */
export function marked(text, terms, tag = "p", properties = {}) {
  const node = h(tag, { dir: "auto", ...properties });
  const found = terms.filter((term) => term.length > 1).sort((a, b) => b.length - a.length);
  if (!found.length) return put(node, text);
  const pattern = new RegExp(`(${found.map(wordly).join("|")})`, "giu");
  return put(
    node,
    text.split(pattern).map((part, i) => (i % 2 ? h("mark", null, part) : part)),
  );
}

const AHEAD = 120;

/** The part of a passage that begins shortly before what was asked for; blank lines are left out. */
export function excerpt(text, terms) {
  const whole = text.replace(/\s*\n\s*/g, "\n").trim();
  const lower = whole.toLowerCase();
  const first = Math.min(...terms.map((term) => lower.indexOf(term)).filter((at) => at >= 0));
  if (!Number.isFinite(first) || first < 2 * AHEAD) return whole;
  const from = first - AHEAD;
  const sentence = whole.slice(from, first).search(/[.!?\n]\s*\S/);
  return `… ${whole.slice(sentence < 0 ? whole.indexOf(" ", from) + 1 : from + sentence + 1).trim()}`;
}

/** The words of a query that are worth marking. */
export const termsOf = (query) =>
  (query.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}.,-]*/gu) ?? [])
    .map((term) => term.replace(/[.,-]+$/, ""))
    .filter((term) => term.length > 2);

export const linkOut = (href, text) =>
  /^https?:\/\//i.test(href ?? "")
    ? h(
        "a",
        { href, target: "_blank", rel: "noopener noreferrer", class: "out" },
        text,
        icon("link"),
      )
    : null;
