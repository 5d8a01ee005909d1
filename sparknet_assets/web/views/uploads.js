// Uploads: files dropped on the page or chosen, several at once, each with its progress.

import * as api from "../core/api.js";
import { say } from "../core/dialogs.js";
import { button, h, icon, put, words } from "../core/dom.js";
import { bytes, counted } from "../core/format.js";
import { choice } from "../core/parts.js";

const AT_ONCE = 3;
// Refusals that are not of the file itself.
const MAY_PASS = new Set([0, 408, 409, 429, 500, 503, 507]);

/** The button, the panel of files under way, and the page as a place to drop files on. */
export function uploads({ root, signal, processing }) {
  const tier = choice(
    { "aria-label": "Tier of uploads", id: "upload-tier" },
    [
      ["", "Default tier"],
      ["basic", "Basic"],
      ["standard", "Standard"],
      ["premium", "Premium"],
    ],
    "",
  );
  const input = h("input", { type: "file", multiple: true, hidden: true, id: "files" });
  const items = h("ul", { class: "upload-list" });
  const summary = h("strong", { role: "status" });
  const panel = h(
    "section",
    { class: "uploads", hidden: true, "aria-label": "Uploads" },
    h(
      "div",
      { class: "uploads-head" },
      summary,
      h("label", { for: "upload-tier", class: "push hint" }, "Next files:"),
      tier,
      button(
        "Close",
        () => {
          panel.hidden = true;
          put(items);
        },
        { glyph: "close", bare: true },
      ),
    ),
    items,
    processing
      ? null
      : h("p", { class: "hint" }, "This server takes files in; another process indexes them."),
  );
  const queue = [];
  let active = 0;
  let counts = { all: 0, done: 0, failed: 0 };

  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  dropPlace();
  return {
    button: h(
      "div",
      { class: "push" },
      button("Upload", () => input.click(), { glyph: "upload", class: "primary" }),
      input,
    ),
    panel,
  };

  function dropPlace() {
    let depth = 0;
    const over = (on) => root.classList.toggle("dropping", on);
    const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const listen = (name, act) =>
      document.addEventListener(
        name,
        (event) => files(event) && (event.preventDefault(), act(event)),
        { signal },
      );
    listen("dragenter", () => over((depth += 1) > 0));
    listen("dragleave", () => over((depth -= 1) > 0));
    listen("dragover", () => {});
    listen("drop", (event) => {
      depth = 0;
      over(false);
      take([...event.dataTransfer.files]);
    });
  }

  function take(files) {
    if (!files.length) return;
    if (panel.hidden) counts = { all: 0, done: 0, failed: 0 };
    panel.hidden = false;
    counts.all += files.length;
    for (const file of files) queue.push({ file, tier: tier.value, ...itemOf(file) });
    fill();
  }

  function itemOf(file) {
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Upload of ${file.name}` });
    const state = h("span", { class: "state" }, bytes(file.size));
    const item = h("li", null, words(file.name, { class: "name" }), bar, state);
    items.append(item);
    return { bar, state, item };
  }

  function fill() {
    while (active < AT_ONCE && queue.length) void one(queue.shift());
    const { all, done } = counts;
    const refused = counts.failed ? `, ${counts.failed} not` : "";
    const ended = `${counted(all - counts.failed, "file")} uploaded${refused}`;
    put(summary, done < all ? `Uploading ${done + 1} of ${counted(all, "file")}` : ended);
    if (done === all) say(`${ended}.`);
  }

  async function one({ file, tier: chosen, bar, state, item }) {
    active += 1;
    try {
      await api.upload(file, {
        tier: chosen,
        progress: (share) => {
          bar.value = share;
        },
      });
      bar.value = 1;
      item.classList.add("done");
      put(state, icon("check"), "Uploaded");
    } catch (error) {
      counts.failed += 1;
      item.classList.add("failed");
      const again = () => {
        item.remove();
        counts.failed -= 1;
        counts.all -= 1;
        counts.done -= 1;
        take([file]);
      };
      put(
        state,
        words(error.message, { class: "wrong" }),
        MAY_PASS.has(error.status) ? button("Try again", again, { class: "link" }) : null,
      );
    }
    active -= 1;
    counts.done += 1;
    fill();
  }
}
