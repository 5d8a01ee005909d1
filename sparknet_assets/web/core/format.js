// Numbers, sizes, times and money as people read them.

const whole = new Intl.NumberFormat("en");

export const number = (value) => whole.format(value ?? 0);

export const counted = (count, one, many = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : many}`;

/** Dollars: whole cents when there are any, else as many places as it takes. */
export function money(usd) {
  if (usd === null || usd === undefined) return "–";
  if (usd === 0) return "$0";
  if (usd < 0.00005) return "< $0.0001";
  return `$${usd >= 0.995 ? usd.toFixed(2) : usd.toFixed(usd < 0.01 ? 4 : 3)}`;
}

export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const minutes = Math.round(value / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(size) {
  if (size === null || size === undefined) return "–";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let place = 0;
  let left = size;
  while (left >= 1000 && place < units.length - 1) {
    left /= 1000;
    place += 1;
  }
  return `${left.toFixed(place && left < 10 ? 1 : 0)} ${units[place]}`;
}

export const percent = (share) =>
  share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`;

const day = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** The time today, else the date: what fits a column. */
export function when(iso) {
  const at = new Date(iso ?? Number.NaN);
  if (Number.isNaN(at.getTime())) return "–";
  return day.format(at) === day.format(new Date()) ? clock.format(at) : day.format(at);
}

export function moment(iso) {
  const at = new Date(iso ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? "–" : `${day.format(at)} ${clock.format(at)}`;
}

const ACRONYMS = /\b(bic|csv|iban|id|ocr|url|usd|vat)\b/gi;

/** "ocr_text" -> "OCR text", "invoice_number" -> "Invoice number". */
export function label(name) {
  const text = String(name).replaceAll("_", " ").trim();
  return (text.charAt(0).toUpperCase() + text.slice(1)).replace(ACRONYMS, (word) =>
    word.toUpperCase(),
  );
}

const TYPES = {
  "application/pdf": "PDF",
  "text/plain": "Text",
  "text/markdown": "Markdown",
  "text/html": "HTML",
  "text/csv": "CSV",
  "message/rfc822": "Mail",
  "image/svg+xml": "SVG",
};

/** A media type in a word: "PDF", "DOCX", "PNG". */
export function mediaType(type) {
  if (!type) return "–";
  if (TYPES[type]) return TYPES[type];
  if (type.includes("wordprocessingml")) return "Word";
  if (type.includes("spreadsheetml")) return "Excel";
  if (type.includes("presentationml")) return "Slides";
  if (type.includes("opendocument")) return `OD ${type.split(".").pop()}`;
  return type
    .split("/")
    .pop()
    .replace(/^(x-|vnd\.)/, "")
    .toUpperCase();
}
