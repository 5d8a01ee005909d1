// The bar above the pages: which page, how large, which boxes.

import { button, h } from "../core/dom.js";

const BOXES = { none: "No boxes", words: "Word boxes", lines: "Line boxes" };

/** The bar, and its controls that the viewer fills. `act` has a function for each button. */
export function toolbar(act) {
  const page = h("input", { type: "number", min: "1", class: "page-field", "aria-label": "Page" });
  const total = h("span", { class: "of" });
  const zoom = h("output", { class: "zoom", "aria-label": "Zoom" });
  const options = Object.entries(BOXES).map(([value, name]) => h("option", { value }, name));
  const boxes = h("select", { "aria-label": "Boxes on the page", class: "boxes" }, options);
  const bare = (name, glyph, press, more) => button(name, press, { glyph, bare: true, ...more });
  page.addEventListener("change", () => act.to(Number(page.value)));
  boxes.addEventListener("change", () => act.boxes(boxes.value));
  const element = h(
    "div",
    { class: "viewer-bar", role: "toolbar", "aria-label": "Pages" },
    h(
      "div",
      { class: "group" },
      bare("Previous page", "back", () => act.step(-1)),
      page,
      total,
      bare("Next page", "next", () => act.step(1)),
    ),
    h(
      "div",
      { class: "group" },
      bare("Smaller", "minus", () => act.zoomBy(-1)),
      zoom,
      bare("Larger", "plus", () => act.zoomBy(1)),
      bare("Fit the width", "width", () => act.zoomTo(1)),
      bare("Fit the page", "page", () => act.fitPage(), { class: "quiet bare fit-page" }),
    ),
    boxes,
  );
  return { element, page, total, zoom, boxes };
}

/** The kind of boxes after this one, in turn. */
export function boxesAfter(kind) {
  const kinds = Object.keys(BOXES);
  return kinds[(kinds.indexOf(kind) + 1) % kinds.length];
}
