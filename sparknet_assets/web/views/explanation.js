// Why a passage ranks where it does: the figures of each ranking, whatever they are.

import { h } from "../core/dom.js";
import { label } from "../core/format.js";

/** An object of figures, with those of objects inside it indented. */
export function explanation(given) {
  return h("details", { class: "explanation", open: true }, h("summary", null, "Score"), listOf(given));
}

function listOf(given) {
  const entries = Array.isArray(given) ? given.map((value, i) => [String(i + 1), value]) : Object.entries(given);
  return h("dl", null, entries.filter(([, value]) => value !== null && value !== "").map(([name, value]) => [
    h("dt", null, label(name)),
    h("dd", { dir: "auto" }, value && typeof value === "object" ? listOf(value) : figure(value)),
  ]));
}

const figure = (value) =>
  typeof value === "number" && !Number.isInteger(value) ? String(Math.round(value * 1e5) / 1e5) : String(value);
