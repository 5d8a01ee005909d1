// Questions: the answer as it is written, and beside it the page that each citation is from.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { say } from "../core/dialogs.js";
import { button, h, put, words } from "../core/dom.js";
import { counted, money, seconds } from "../core/format.js";
import { bindView, mover } from "../core/keys.js";
import { empty, wrong } from "../core/parts.js";
import { amend, placeAddress } from "../core/router.js";
import { viewer } from "../viewer/viewer.js";
import { filters } from "./filters.js";

export async function open(root, route, { me, signal }) {
  let asked = null;
  let opened = "";
  const input = h("textarea", {
    rows: "2",
    placeholder: "Ask the documents a question",
    "aria-label": "Question",
    data: { search: "" },
    enterkeyhint: "send",
    dir: "auto",
  });
  input.value = route.query.get("q") ?? "";
  const filter = filters({ query: route.query });
  const send = h("button", { class: "primary" }, "Ask");
  const form = h(
    "form",
    { class: "ask-form" },
    input,
    h(
      "div",
      { class: "options" },
      h(
        "span",
        { class: "hint" },
        me.features?.llm
          ? words(`Answers by ${me.features.llm}, each claim checked`)
          : "Answers quote the documents word for word",
      ),
      filter.toggle,
      send,
    ),
    filter.element,
  );
  const out = h("section", { class: "answer", "aria-label": "Answer", "aria-busy": "false" });
  const beside = h("a", { href: "#/documents" });
  const pages = viewer({ signal });
  const close = button("Close", closeViewer, {
    glyph: "close",
    bare: true,
    class: "quiet bare push",
  });
  const side = h(
    "div",
    { class: "beside", hidden: true },
    h("div", { class: "viewer-title" }, beside, close),
    pages.element,
  );
  put(
    root,
    h("h1", { class: "visually-hidden" }, "Ask"),
    h("div", { class: "split ask-split" }, h("div", { class: "ask-main" }, form, out), side),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) (event.preventDefault(), form.requestSubmit());
    if (event.key === "Escape") input.blur();
  });
  bindView({ ...mover(out, "[data-item]"), ...pages.keys, Escape: closeViewer });
  if (input.value) void run();
  else {
    put(
      out,
      empty(
        "Every sentence of an answer is found in a document",
        h("p", null, "A numbered citation opens the page, with the words marked."),
      ),
    );
    input.focus();
  }
  return { update: () => false };

  async function run() {
    const question = input.value.trim();
    if (!question) return void input.focus();
    asked?.abort();
    asked = new AbortController();
    const { signal: mine } = asked;
    signal.addEventListener("abort", () => asked.abort());
    amend({ q: question, ...filter.forAddress() });
    const state = { text: "", citations: [], dropped: [], answer: null };
    const waiting = h("p", { class: "waiting", role: "status" }, "Looking through the documents…");
    put(out, waiting);
    out.setAttribute("aria-busy", "true");
    try {
      for await (const { event, data } of api.stream("POST", ["ask"], {
        json: { question, filters: filter.value(), stream: true },
        signal: mine,
      })) {
        if (event === "passages")
          waiting.textContent = `Reading ${counted(data.hits?.length ?? 0, "passage")}…`;
        else if (event === "text") state.text += data.text;
        else if (event === "citation") state.citations.push(data);
        else if (event === "dropped") state.dropped.push(data);
        else if (event === "done")
          Object.assign(state, { answer: data, text: data.answer, citations: data.citations });
        else if (event === "error") throw new api.Problem(data.status ?? 500, data);
        if (event !== "passages") show(state);
      }
      if (!state.answer) throw new api.Problem(0, { detail: "The answer broke off." });
      say(`Answer: ${state.text.slice(0, 300)} ${counted(state.citations.length, "citation")}.`);
    } catch (error) {
      if (error.name !== "AbortError") out.append(wrong(error, () => void run()));
    } finally {
      if (!mine.aborted) out.setAttribute("aria-busy", "false");
    }
  }

  function show({ text, citations, dropped, answer }) {
    const none = answer && !citations.length;
    put(
      out,
      h(
        "div",
        { class: `answer-text${none ? " none" : ""}${answer ? "" : " writing"}`, dir: "auto" },
        withChips(text, citations),
      ),
      citations.length ? h("ol", { class: "citations" }, citations.map(citationOf)) : null,
      dropped.length || answer?.dropped?.length ? droppedOf(answer?.dropped ?? dropped) : null,
      answer?.note ? words(answer.note, { class: "failure mild" }, "p") : null,
      answer
        ? h(
            "p",
            { class: "hint" },
            words(answer.model),
            ` · ${seconds(answer.seconds)}`,
            answer.usage?.cost_usd ? ` · ${money(answer.usage.cost_usd)}` : null,
          )
        : null,
    );
  }

  /** The answer with [1] as a chip; quotes that stand in it word for word get theirs behind them. */
  function withChips(text, citations) {
    if (/\[\d+\]/.test(text)) {
      return text
        .split(/\[(\d+)\]/)
        .map((part, i) =>
          i % 2 && citations[part - 1]
            ? chip(citations[part - 1], Number(part))
            : i % 2
              ? `[${part}]`
              : part,
        );
    }
    const parts = [];
    let from = 0;
    citations.forEach((citation, i) => {
      const at = text.indexOf(citation.quote, from);
      if (at < 0) return;
      const end = at + citation.quote.length;
      parts.push(text.slice(from, end), chip(citation, i + 1));
      from = end;
    });
    return [...parts, text.slice(from)];
  }

  function chip(citation, number) {
    return h(
      "button",
      {
        type: "button",
        class: "chip",
        data: { citation: String(number) },
        "aria-label": `Citation ${number}: ${citation.doc_id}, page ${citation.page}`,
        on: { click: () => void openAt(citation) },
      },
      String(number),
    );
  }

  function citationOf(citation, i) {
    const card = h(
      "button",
      {
        type: "button",
        class: "citation",
        data: { item: "", card: String(i + 1) },
        on: { click: () => void openAt(citation) },
      },
      h("span", { class: "rank" }, String(i + 1)),
      h(
        "span",
        { class: "citation-body" },
        citation.context ? words(citation.context, { class: "hint quote-context" }) : null,
        words(citation.quote, { class: "quote" }),
        h("span", { class: "hint" }, words(citation.doc_id), ` · page ${citation.page}`),
        citation.stale ? words(citation.stale, { class: "wrong" }) : null,
      ),
    );
    return h("li", null, card);
  }

  async function openAt(citation) {
    const boxes = boxesFrom(citation.boxes);
    root.classList.add("with-viewer");
    side.hidden = false;
    beside.setAttribute("href", placeAddress(citation.doc_id, citation.page, boxes));
    put(beside, words(citation.doc_id));
    beside.title = "Open the document";
    if (opened !== citation.doc_id) {
      opened = citation.doc_id;
      await pages.open(citation.doc_id);
    }
    pages.mark(boxes);
    pages.show(citation.page, boxes);
  }

  function closeViewer() {
    if (side.hidden) return;
    side.hidden = true;
    root.classList.remove("with-viewer");
    pages.close();
    opened = "";
  }
}

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
