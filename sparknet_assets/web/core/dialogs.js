// Messages, questions and the key: everything that stands above a view.

import { key, unauthorized } from "./api.js";
import { button, h, put, words } from "./dom.js";
import { SHORTCUTS } from "./keys.js";

const SHOWN_MS = 7000;
const said = () => document.getElementById("said");

/** Says something to a screen reader only. */
export const say = (text) => {
  said().textContent = text;
};

/** A message in the corner; `act` is what its button does, such as undoing. */
export function notice(text, { kind = "info", action, act } = {}) {
  const box = h("div", { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" });
  const close = () => box.remove();
  put(
    box,
    words(text),
    action ? button(action, () => (close(), act()), { class: "link" }) : null,
    button("Dismiss", close, { glyph: "close", bare: true }),
  );
  document.getElementById("notices").append(box);
  let timer = setTimeout(close, kind === "error" ? SHOWN_MS * 3 : SHOWN_MS);
  box.addEventListener("mouseenter", () => clearTimeout(timer));
  box.addEventListener("mouseleave", () => {
    timer = setTimeout(close, SHOWN_MS);
  });
  return close;
}

/** Puts a text on the clipboard and says so; over plain HTTP there is only the older way. */
export async function copy(text, what) {
  const done = await window.navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  if (done || copiedByHand(text)) notice(`${what} copied.`);
  else notice("The browser did not let the page copy. Select it and copy.", { kind: "error" });
}

function copiedByHand(text) {
  const before = document.activeElement;
  const field = h("textarea", { class: "visually-hidden", readonly: true });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  before?.focus({ preventScroll: true });
  return done;
}

export const failed = (error) => {
  if (error.name !== "AbortError") notice(error.message, { kind: "error" });
};

function opened(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return dialog;
}

const titled = (id, title, ...inside) =>
  h("dialog", { "aria-labelledby": id }, h("h2", { id }, title), ...inside);

/** Asks before something that can't be taken back. Resolves to true when it is meant. */
export function confirmed({ title, text, action }) {
  return new Promise((resolve) => {
    const dialog = titled(
      "confirm-title",
      title,
      words(text, {}, "p"),
      h(
        "form",
        { method: "dialog", class: "buttons" },
        h("button", { value: "no", class: "quiet" }, "Cancel"),
        h("button", { value: "yes", class: "danger" }, action),
      ),
    );
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    opened(dialog);
  });
}

/** The keys of the keyboard. */
export function help() {
  opened(
    titled(
      "help-title",
      "Keys",
      h(
        "dl",
        { class: "shortcuts" },
        SHORTCUTS.map(([keys, what]) => [
          h(
            "dt",
            null,
            keys
              .split(" ")
              .filter(Boolean)
              .map((name) => h("kbd", null, name)),
          ),
          h("dd", null, what),
        ]),
      ),
      h("form", { method: "dialog", class: "buttons" }, h("button", { class: "quiet" }, "Close")),
    ),
  );
}

/** Asks for the key, which is kept until the tab is closed. */
function askForKey() {
  return new Promise((resolve) => {
    const field = h("input", {
      type: "password",
      id: "api-key",
      name: "key",
      autocomplete: "off",
      required: true,
      spellcheck: "false",
    });
    const refused = key.get() !== "";
    const form = h(
      "form",
      { class: "stack" },
      refused
        ? h("p", { class: "wrong", role: "alert" }, "The server does not accept this key.")
        : null,
      h("label", { for: "api-key" }, "API key"),
      field,
      h("p", { class: "hint" }, "Kept in this tab only, and forgotten when it is closed."),
      h("div", { class: "buttons" }, h("button", { class: "primary" }, "Continue")),
    );
    const dialog = titled("key-title", "This server asks for a key", form);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      key.set(field.value.trim());
      dialog.close();
    });
    // A browser lets Esc through the second time: then what waits asks again, and does not hang.
    dialog.addEventListener("close", resolve);
    opened(dialog);
  });
}

unauthorized.ask = askForKey;
