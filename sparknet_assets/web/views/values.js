// Values of fields as they are shown, and as they are typed.

/** A value for reading: amounts with their currency, check boxes in words. */
export function shown(value, type) {
  if (value === null || value === undefined) return "";
  if (typeof value === "object" && "amount" in value)
    return [grouped(value.amount), value.currency].filter(Boolean).join(" ");
  if (typeof value === "object" && "value" in value) return shown(value.value, type);
  if (typeof value === "boolean" || type === "choice")
    return String(value) === "true" ? "yes" : "no";
  return type === "number"
    ? grouped(value)
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
}

/** A value as one would type it, to start a correction from. */
export function typed(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "object" && "amount" in value)
    return [value.amount, value.currency].filter(Boolean).join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** "1234567.50" -> "1,234,567.50": digits are grouped, none is rounded away. */
function grouped(text) {
  const [whole, ...rest] = String(text).split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".");
}
