// Tabs, as the WAI-ARIA practices have them: arrows move between them, the panel follows.

import { h, put } from "../core/dom.js";

/**
 * @param given [[name, title, {element}]]; a tab without element stands for what is outside
 * @param onChange called with the name of the tab that was chosen
 */
export function tabs(given, { chosen, onChange }) {
  let now = given.some(([name]) => name === chosen) ? chosen : given[1][0];
  const place = h("div", { class: "tab-panel", role: "tabpanel", id: "tab-panel", tabindex: "0" });
  const buttons = given.map(([name, title]) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${name}`,
        "aria-controls": "tab-panel",
        data: { tab: name },
        on: { click: () => choose(name) },
      },
      title,
    ),
  );
  const list = h(
    "div",
    { class: "tabs", role: "tablist", "aria-label": "About this document" },
    buttons,
  );
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = buttons.findIndex((tab) => tab.dataset.tab === now);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    choose(next.dataset.tab);
    next.focus();
    event.preventDefault();
  });
  show();
  return {
    element: h("aside", { class: "panel", "aria-label": "About this document" }, list, place),
    choose,
    get chosen() {
      return now;
    },
  };

  function choose(name) {
    now = name;
    show();
    onChange(name);
  }

  function show() {
    for (const tab of buttons) {
      const on = tab.dataset.tab === now;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    place.setAttribute("aria-labelledby", `tab-${now}`);
    const panel = given.find(([name]) => name === now)[2];
    put(place, panel?.element);
    panel?.shown?.();
  }
}
