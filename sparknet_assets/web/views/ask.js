// Questions: the answer as it is written, and beside it the page that each citation is from.

import * as api from "../core/api.js";
import { boxesFrom } from "../core/boxes.js";
import { say } from "../core/dialogs.js";
import { button, h, put, words } from "../core/dom.js";
import { counted } from "../core/format.js";
import { bindView, mover } from "../core/keys.js";
import { live } from "../core/live.js";
import { empty, wrong } from "../core/parts.js";
import { amend, entitle } from "../core/router.js";
import { viewer } from "../viewer/viewer.js";
import { showAnswer } from "./answer.js";
import { placeOf } from "./cited.js";
import { filters } from "./filters.js";

// Answers of this tab, by question and filters: coming back to one does not ask, and pay, again.
const answers = new Map();
const KEPT_ANSWERS = 20;
// What was changed or deleted does not answer from memory.
live.on("document", () => answers.clear());

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
    void run({ anew: true });
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) (event.preventDefault(), form.requestSubmit());
    if (event.key === "Escape") input.blur();
  });
  bindView({ ...mover(out, "[data-item]"), ...pages.keys, Escape: closeViewer });
  signal.addEventListener("abort", () => asked?.abort());
  update(route);
  return { update };

  /** The question of an address: what Back and links lead to. */
  function update({ query }) {
    const question = query.get("q") ?? "";
    asked?.abort();
    input.value = question;
    filter.take(query);
    if (question) {
      void run({ cited: Number(query.get("c")) });
      return true;
    }
    entitle("Ask");
    closeViewer();
    out.setAttribute("aria-busy", "false");
    put(
      out,
      empty(
        "Every sentence of an answer is found in a document",
        h("p", null, "A numbered citation opens the page, with the words marked."),
      ),
    );
    input.focus();
    return true;
  }

  /**
   * Asks what stands in the box.
   * @param anew whether somebody asked just now: then it is asked again, as a step of its own
   * @param cited number of the citation to open
   */
  async function run({ anew = false, cited = 0 } = {}) {
    const question = input.value.trim();
    if (!question) return void input.focus();
    asked?.abort();
    asked = new AbortController();
    const { signal: mine } = asked;
    if (anew) amend({ q: question, c: "", ...filter.forAddress() }, true);
    if (!cited) closeViewer();
    entitle(question, "Ask");
    const known = JSON.stringify([question, filter.value()]);
    if (!anew && answers.has(known)) {
      const state = answers.get(known);
      out.setAttribute("aria-busy", "false");
      showAnswer(out, state, openAt);
      if (state.citations[cited - 1]) await openAt(state.citations[cited - 1], cited);
      return;
    }
    const state = { question, text: "", citations: [], dropped: [], answer: null };
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
        if (event !== "passages") showAnswer(out, state, openAt);
      }
      if (!state.answer)
        throw new api.Problem(0, { detail: "The answer broke off. What is there so far stays." });
      keep(known, state);
      say(`Answer: ${state.text.slice(0, 300)} ${counted(state.citations.length, "citation")}.`);
    } catch (error) {
      if (error.name === "AbortError") return;
      waiting.remove();
      out.querySelector(".writing")?.classList.remove("writing");
      out.append(wrong(error, () => void run({ anew: true })));
    } finally {
      if (!mine.aborted) out.setAttribute("aria-busy", "false");
    }
    if (state.citations[cited - 1]) await openAt(state.citations[cited - 1], cited);
  }

  async function openAt(citation, number) {
    const boxes = boxesFrom(citation.boxes);
    root.classList.add("with-viewer");
    amend({ c: number }, side.hidden);
    side.hidden = false;
    for (const link of out.querySelectorAll("[data-card], [data-citation]")) {
      const { card, citation: chip } = link.dataset;
      if (Number(card ?? chip) === number) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    beside.setAttribute("href", placeOf(citation));
    put(beside, words(citation.filename || citation.doc_id));
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
    amend({ c: "" });
    for (const link of out.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
    side.hidden = true;
    root.classList.remove("with-viewer");
    pages.close();
    opened = "";
  }
}

function keep(known, state) {
  answers.delete(known);
  answers.set(known, state);
  if (answers.size > KEPT_ANSWERS) answers.delete(answers.keys().next().value);
}
