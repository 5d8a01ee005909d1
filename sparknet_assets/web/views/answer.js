// An answer as it is shown: its text with chips, the citations as cards, what was left out.

import { copy } from "../core/dialogs.js";
import { button, h, put, words } from "../core/dom.js";
import { counted, money, seconds } from "../core/format.js";
import { live } from "../core/live.js";
import { called, unread } from "../core/parts.js";
import { address } from "../core/router.js";
import { partsOf, placeOf, withSources } from "./cited.js";

/**
 * Shows an answer, as far as it is there.
 * @param openAt (citation, number): what a click on a citation does
 */
export function showAnswer(out, state, openAt) {
  const { question, text, citations, dropped, answer } = state;
  const none = answer && !citations.length;
  const take = () => void copy(withSources(state), "Answer and sources were");
  put(
    out,
    h(
      "div",
      { class: `answer-text${none ? " none" : ""}${answer ? "" : " writing"}`, dir: "auto" },
      partsOf(text, citations).map((part) =>
        typeof part === "number" ? chip(citations[part - 1], part, openAt) : part,
      ),
    ),
    none ? withoutAnswer(question) : null,
    citations.length
      ? h(
          "ol",
          { class: "citations" },
          citations.map((citation, i) => citationOf(citation, i + 1, openAt)),
        )
      : null,
    dropped.length || answer?.dropped?.length ? droppedOf(answer?.dropped ?? dropped) : null,
    answer?.note ? words(answer.note, { class: "failure mild" }, "p") : null,
    answer
      ? h(
          "div",
          { class: "answer-foot" },
          h(
            "p",
            { class: "hint" },
            words(by(answer)),
            ` · ${seconds(answer.seconds)}`,
            answer.usage?.cost_usd ? ` · ${money(answer.usage.cost_usd)}` : null,
          ),
          none ? null : button("Copy with sources", take, { class: "quiet push" }),
        )
      : null,
  );
}

function chip(citation, number, openAt) {
  const from = citation.filename || citation.doc_id;
  const name = `Citation ${number}: ${from}, page ${citation.page}`;
  return opening(citation, number, openAt, {
    class: "chip",
    data: { citation: String(number) },
    title: name,
    "aria-label": name,
  });
}

/** A link to the place: a click opens it beside the answer, a new tab shows the whole document. */
function opening(citation, number, openAt, properties, ...inside) {
  const click = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void openAt(citation, number);
  };
  const link = { href: placeOf(citation), on: { click }, ...properties };
  return h("a", link, inside.length ? inside : String(number));
}

function citationOf(citation, number, openAt) {
  const card = opening(
    citation,
    number,
    openAt,
    { class: "citation", data: { item: "", card: String(number) } },
    h("span", { class: "rank" }, String(number)),
    h(
      "span",
      { class: "citation-body" },
      citation.context ? words(citation.context, { class: "hint quote-context" }) : null,
      words(citation.quote, { class: "quote" }),
      h("span", { class: "hint source" }, called(citation), ` · page ${citation.page}`),
      citation.stale ? words(citation.stale, { class: "wrong" }) : null,
    ),
  );
  return h("li", null, card);
}

const by = ({ model, citations }) =>
  model !== "extractive" ? model : citations.length ? "Quoted word for word" : "Nothing to quote";

/** What to do where the documents have no answer. */
const withoutAnswer = (question) =>
  h(
    "div",
    { class: "next-steps" },
    h(
      "p",
      null,
      "Ask in other words, with the names and terms that the documents use, or ",
      h("a", { href: address("search", "", { q: question }) }, "search for the nearest passages"),
      ".",
    ),
    unread(live.active),
  );

const droppedOf = (dropped) =>
  h(
    "details",
    { class: "dropped" },
    h("summary", null, `${counted(dropped.length, "claim")} left out, not found in the documents`),
    h(
      "ul",
      null,
      dropped.map((claim) =>
        h("li", null, words(claim.text), h("div", { class: "hint" }, words(claim.why))),
      ),
    ),
  );
