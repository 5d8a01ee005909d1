// Why a passage ranks where it does: what each ranking says, and what let it pass the filters.

import { h, words } from "../core/dom.js";
import { label } from "../core/format.js";

/** The explanation of a hit, a line for each thing that counts. */
export function explanation(
  { vector, keyword, document: named, words: matched, support, rank_by_score: before, passed },
  rank,
) {
  const lines = [
    ["By meaning", vector ? part(vector, "similarity") : "not among the best"],
    ["By words", keyword ? part(keyword, "BM25") : "not among the best"],
    ["Words found", matched?.join(", ")],
    ["Names its document", named ? naming(named) : ""],
    ["Best sentence", support == null ? "" : `support ${figure(support)}`],
    ["By score alone", before && before !== rank ? `rank ${before}` : ""],
    ...Object.entries(passed ?? {}).map(([name, value]) => [
      `Filter: ${label(name).toLowerCase()}`,
      [value].flat().join(", "),
    ]),
  ];
  return h(
    "dl",
    { class: "explanation" },
    lines
      .filter(([, value]) => value)
      .map(([name, value]) => [h("dt", null, name), words(value, {}, "dd")]),
  );
}

const part = ({ rank, score, points }, measure) =>
  `rank ${rank}, ${measure} ${figure(score)}${points === score ? "" : `, adds ${figure(points)}`}`;

const naming = ({ words: told, period, factor }) =>
  `${[...told, period].filter(Boolean).join(", ")}: score × ${figure(factor)}`;

const figure = (value) => (value >= 10 ? value.toFixed(1) : value.toFixed(value < 0.1 ? 4 : 3));
