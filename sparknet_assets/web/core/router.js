// Views by the part of the address after #: `#/documents/ID?page=3`.

/** A route: the view's name, the rest of the path (decoded), the query. */
export function parsed(hash = window.location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").map(decoded);
  return { view: parts[0] || "documents", id: parts[1] ?? "", query: new URLSearchParams(query) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a view; query values that are empty are left out. */
export function address(view, id = "", query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const tail = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${tail ? `?${tail}` : ""}`;
}

export const go = (...where) => {
  window.location.hash = address(...where);
};

/**
 * Changes the query of the address that is shown, without leaving the view.
 * @param step whether Back leads to what was shown before
 */
export function amend(changes, step = false) {
  const route = parsed();
  const next = address(route.view, route.id, { ...Object.fromEntries(route.query), ...changes });
  const write = step && next !== window.location.hash ? "pushState" : "replaceState";
  window.history[write](null, "", next);
}

/** Names the tab after what it shows. */
export const entitle = (...names) => {
  document.title = [...names, "SPARKNET Assets"].filter(Boolean).join(" · ");
};

const MOST_BOXES = 40;

/** Boxes as they stand in an address: "3:0.1,0.2,0.5,0.22;..." */
export const boxesAsText = (boxes) =>
  (boxes ?? [])
    .slice(0, MOST_BOXES)
    .map((box) => `${box.page}:${[box.x0, box.y0, box.x1, box.y1].map(rounded).join(",")}`)
    .join(";");

const rounded = (value) => String(Math.round(value * 1e4) / 1e4);

/** The boxes of an address; what is none is left out. */
export function boxesOf(text) {
  return (text ?? "")
    .split(";")
    .map((part) => part.split(/[:,]/).map(Number))
    .filter((part) => part.length === 5 && part.every(Number.isFinite))
    .slice(0, MOST_BOXES)
    .map(([page, x0, y0, x1, y1]) => ({ page, x0, y0, x1, y1 }));
}

/** The address of a place in a document. */
export const placeAddress = (docId, page, boxes) =>
  address("documents", docId, { page, boxes: boxesAsText(boxes) });
