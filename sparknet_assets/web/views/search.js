// Search over all passages; a hit opens its page with the passage marked.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { h, icon, put, words } from "../core/dom.js";
import { counted, seconds } from "../core/format.js";
import { bindView, mover } from "../core/keys.js";
import { choice, empty, excerpt, marked, termsOf, waiting, wrong } from "../core/parts.js";
import { amend, placeAddress } from "../core/router.js";
import { explanation } from "./explanation.js";
import { filters } from "./filters.js";

const MODES = [
  ["hybrid", "Meaning and words"],
  ["vector", "Meaning"],
  ["keyword", "Words"],
];

export async function open(root, route, { signal }) {
  let asked = null;
  const input = h("input", {
    type: "search",
    placeholder: "Search all documents",
    "aria-label": "Search",
    data: { search: "" },
    value: route.query.get("q") ?? "",
    autocomplete: "off",
    enterkeyhint: "search",
  });
  const mode = choice(
    { id: "mode", "aria-label": "Search by" },
    MODES,
    route.query.get("mode") ?? "hybrid",
  );
  const count = choice(
    { "aria-label": "Results" },
    [
      ["10", "10 results"],
      ["20", "20 results"],
      ["50", "50 results"],
    ],
    "10",
  );
  const check = (id, text, on) =>
    h(
      "label",
      { class: "check", for: id },
      h("input", { type: "checkbox", id, checked: on ? true : null }),
      text,
    );
  const diverse = check("diversity", "Varied results", false);
  const explain = check("explain", "Explain scores", route.query.get("explain") === "1");
  const context = check("context", "With neighbouring text", false);
  const filter = filters({ query: route.query });
  const results = h("div", { class: "results", "aria-live": "off" });
  const on = (label) => label.querySelector("input").checked;
  const form = h(
    "form",
    { class: "search-form", role: "search" },
    h(
      "div",
      { class: "searchbox large" },
      icon("search"),
      input,
      h("button", { class: "primary" }, "Search"),
    ),
    h("div", { class: "options" }, mode, count, diverse, context, explain, filter.toggle),
    filter.element,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  form.addEventListener(
    "change",
    (event) => event.target !== input && input.value.trim() && void run(),
  );
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") input.blur();
    if (event.key === "ArrowDown" && keys.j) (event.preventDefault(), keys.j());
  });
  put(root, h("h1", { class: "visually-hidden" }, "Search"), form, results);
  const keys = mover(results, "[data-item]");
  bindView(keys);
  if (input.value) void run();
  else {
    put(
      results,
      empty(
        "Search by meaning, by words, or both",
        h("p", null, "Each result opens the page it stands on."),
      ),
    );
    input.focus();
  }
  return { update: () => false };

  async function run() {
    const query = input.value.trim();
    if (!query) return void input.focus();
    asked?.abort();
    asked = new AbortController();
    const { signal: mine } = asked;
    signal.addEventListener("abort", () => asked.abort());
    amend({ q: query, mode: mode.value, explain: on(explain) ? "1" : "", ...filter.forAddress() });
    put(results, waiting("Searching…"));
    const body = {
      query,
      k: Number(count.value),
      mode: mode.value,
      filters: filter.value(),
      explain: on(explain),
      diversity: on(diverse),
      context: on(context) ? 1 : 0,
    };
    const started = performance.now();
    try {
      const answer = await api.post(["search"], body, mine);
      show(answer, performance.now() - started);
    } catch (error) {
      if (error.name !== "AbortError") put(results, wrong(error));
    }
  }

  function show({ query, hits, note }, ms) {
    const terms = termsOf(query);
    put(
      results,
      h(
        "p",
        { class: "hint", role: "status" },
        hits.length
          ? `${counted(hits.length, "passage")} in ${seconds(ms / 1000)}`
          : "Nothing found",
        filter.count() ? ` · ${counted(filter.count(), "filter")}` : null,
      ),
      note ? words(note, { class: "failure mild" }, "p") : null,
      hits.length
        ? h(
            "ol",
            { class: "hits" },
            hits.map((hit) => hitOf(hit, terms)),
          )
        : empty("No passage matches", h("p", null, "Try other words, or fewer filters.")),
    );
  }
}

function hitOf(hit, terms) {
  return h(
    "li",
    null,
    h(
      "a",
      {
        href: placeAddress(hit.doc_id, hit.page, boxesFrom(hit.boxes)),
        data: { item: "" },
        class: "hit",
      },
      h(
        "span",
        { class: "hit-head" },
        h("span", { class: "rank" }, String(hit.rank)),
        words(hit.doc_id, { class: "hit-doc" }),
        h("span", { class: "hint" }, `page ${hit.page}`),
        h("span", { class: "push hint number", title: "Score" }, score(hit.score)),
      ),
      hit.stale ? words(hit.stale, { class: "wrong" }) : null,
      marked(excerpt(hit.text, terms), terms, "span", { class: "hit-text" }),
    ),
    hit.context ? neighbours(hit.context) : null,
    hit.explanation ? explanation(hit.explanation, hit.rank) : null,
  );
}

const neighbours = ({ text, pages }) =>
  h(
    "details",
    { class: "context" },
    h("summary", null, `With its neighbours, page ${pages.join(", ")}`),
    words(text, {}, "p"),
  );

const score = (value) => (value >= 10 ? value.toFixed(1) : value.toFixed(3));
