// An answer with the numbers of its citations: where they stand in it, and as a text to take along.

import { boxesFrom } from "../core/boxes.js";
import { placeAddress } from "../core/router.js";

/**
 * The answer in parts: texts, and numbers of citations where they belong.
 * A model writes them as [1]; a quote that stands in the answer word for word has its own behind.
 */
export function partsOf(text, citations) {
  if (/\[\d+\]/.test(text)) {
    return text
      .split(/\[(\d+)\]/)
      .map((part, i) => (i % 2 ? (citations[part - 1] ? Number(part) : `[${part}]`) : part));
  }
  const parts = [];
  let from = 0;
  citations.forEach((citation, i) => {
    const at = text.indexOf(citation.quote, from);
    if (at < 0) return;
    const end = at + citation.quote.length;
    parts.push(text.slice(from, end), i + 1);
    from = end;
  });
  return [...parts, text.slice(from)];
}

/** The address of the place that a citation is from. */
export const placeOf = (citation) =>
  placeAddress(citation.doc_id, citation.page, boxesFrom(citation.boxes));

/** Question, answer and sources as plain text; the addresses open each source at its words. */
export function withSources({ question, text, citations }) {
  const answer = partsOf(text, citations)
    .map((part) => (typeof part === "number" ? ` [${part}]` : part))
    .join("")
    .replace(/ {2,}\[/g, " [");
  const sources = citations.map((citation, i) => {
    const where = new URL(placeOf(citation), document.baseURI);
    const quote = citation.quote.replace(/\s+/g, " ");
    const name = citation.filename || citation.doc_id;
    return `[${i + 1}] ${name}, page ${citation.page}: “${quote}”\n    ${where}`;
  });
  return [question, answer, ...sources].join("\n\n");
}
