// Search over all passages; a hit opens its page with the passage marked.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { h, icon, put, words } from "../core/dom.js";
import { counted, seconds } from "../core/format.js";
import { bindView, mover } from "../core/keys.js";
import { live } from "../core/live.js";
import { called, choice, empty, excerpt, marked, termsOf, unread, waiting, wrong } from "../core/parts.js";
import { amend, entitle, placeAddress } from "../core/router.js";
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
    autocomplete: "off",
    enterkeyhint: "search",
  });
  const mode = choice({ id: "mode", "aria-label": "Search by" }, MODES);
  const count = choice(
    { "aria-label": "Results" },
    [
      ["10", "10 results"],
      ["20", "20 results"],
      ["50", "50 results"],
    ],
  );
  const check = (id, text) =>
    h("label", { class: "check", for: id }, h("input", { type: "checkbox", id }), text);
  const diverse = check("diversity", "Varied results");
  const explain = check("explain", "Explain scores");
  const context = check("context", "With neighbouring text");
  const boxes = { diversity: diverse, explain, context };
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
    void run(true);
  });
  form.addEventListener(
    "change",
    (event) => event.target !== input && input.value.trim() && void run(true),
  );
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") input.blur();
    if (event.key === "ArrowDown" && keys.j) (event.preventDefault(), keys.j());
  });
  put(root, h("h1", { class: "visually-hidden" }, "Search"), form, results);
  const keys = mover(results, "[data-item]");
  bindView(keys);
  signal.addEventListener("abort", () => asked?.abort());
  update(route);
  return { update };

  /** The search of an address: what Back and links lead to. */
  function update({ query }) {
    asked?.abort();
    input.value = query.get("q") ?? "";
    mode.value = MODES.some(([name]) => name === query.get("mode")) ? query.get("mode") : "hybrid";
    count.value = ["20", "50"].includes(query.get("k")) ? query.get("k") : "10";
    for (const [name, box] of Object.entries(boxes))
      box.querySelector("input").checked = query.get(name) === "1";
    filter.take(query);
    if (input.value) {
      void run();
      return true;
    }
    entitle("Search");
    put(
      results,
      empty(
        "Search by meaning, by words, or both",
        h("p", null, "Each result opens the page it stands on."),
      ),
    );
    input.focus();
    return true;
  }

  /** @param step whether somebody searched just now: then Back leads to the search before */
  async function run(step = false) {
    const query = input.value.trim();
    if (!query) return void input.focus();
    asked?.abort();
    asked = new AbortController();
    const { signal: mine } = asked;
    if (step) amend({ q: query, ...asAddress(), ...filter.forAddress() }, true);
    entitle(query, "Search");
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
      if (error.name !== "AbortError") {
        put(
          results,
          wrong(error, () => void run()),
        );
      }
    }
  }

  function advice() {
    if (filter.count()) return "Try fewer filters, or other words.";
    if (mode.value === "keyword") return "Try other words, or search by meaning as well.";
    return "Try other words; look at Documents whether they are indexed.";
  }

  /** What differs from how a search is made when nothing is chosen. */
  function asAddress() {
    const given = Object.entries(boxes).map(([name, box]) => [name, on(box) ? "1" : ""]);
    return {
      mode: mode.value === "hybrid" ? "" : mode.value,
      k: count.value === "10" ? "" : count.value,
      ...Object.fromEntries(given),
    };
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
        : empty("No passage matches", h("p", null, advice()), unread(live.active)),
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
        called(hit, { class: "hit-doc" }),
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
