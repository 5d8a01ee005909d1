// Correcting a value in its place: typed, or taken from the page by selecting it there.

import { button, h, words } from "../core/dom.js";

const HINTS = {
  date: "YYYY-MM-DD, or as the page has it",
  amount: "1234.50 EUR",
  number: "1234.5",
  choice: "true or false",
};

/**
 * @param save (text, {text, boxes} or null) => promise
 */
export function editor({ name, text, type, pages, save, cancel }) {
  let chosen = null;
  const long = type === "address" || text.length > 60;
  const input = h(long ? "textarea" : "input", {
    "aria-label": `Value of ${name}`,
    dir: "auto",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: HINTS[type],
    rows: long ? 3 : null,
  });
  input.value = text;
  const hint = h("p", { class: "hint" }, "Type it, or select it on the page.");
  const saving = h("button", { class: "primary" }, "Save");
  const form = h(
    "form",
    { class: "editor" },
    input,
    hint,
    h("div", { class: "buttons" }, button("Cancel", end), saving),
  );
  const take = () => {
    const found = pages.selection();
    if (!found) return;
    chosen = found;
    input.value = found.text;
    pages.hint(found.boxes);
    hint.textContent = `From page ${found.boxes[0].page}.`;
    input.focus();
  };
  pages.scroller.addEventListener("mouseup", take);
  form.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") end();
    if (event.key === "Enter" && long && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  for (const event of ["click", "dblclick", "focusin"])
    form.addEventListener(event, (e) => e.stopPropagation());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    saving.disabled = true;
    try {
      // The words on the page count only while the text is theirs.
      await save(input.value.trim(), chosen?.text === input.value.trim() ? chosen : null);
      stop();
    } catch (error) {
      saving.disabled = false;
      hint.replaceChildren(words(error.message, { class: "wrong", role: "alert" }));
      input.setAttribute("aria-invalid", "true");
      input.focus();
    }
  });
  queueMicrotask(() => (input.focus(), input.select()));
  return form;

  function stop() {
    pages.scroller.removeEventListener("mouseup", take);
  }

  function end() {
    stop();
    cancel();
  }
}
