// Elements made without any markup: what comes from documents only ever becomes text or an attribute.

const SVG = "http://www.w3.org/2000/svg";
const SAFE_LINK = /^(#|blob:|https?:\/\/|assets\/)/i;
const LINKS = new Set(["href", "src"]);

/** An HTML element. Properties: `on` (listeners), `data`, `css`, and attributes. */
export const h = (tag, properties, ...children) =>
  filled(document.createElement(tag), properties, children);

/** An SVG element, likewise. */
export const s = (tag, properties, ...children) =>
  filled(document.createElementNS(SVG, tag), properties, children);

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "css") {
      for (const [key, given] of Object.entries(value)) node.style.setProperty(key, given);
    } else setAttribute(node, name, value);
  }
  node.append(...flat(children));
  return node;
}

function setAttribute(node, name, value) {
  if (/^(on|style$|srcdoc$)/i.test(name)) throw new Error(`${name} is not set as an attribute`);
  if (LINKS.has(name) && !SAFE_LINK.test(String(value))) return;
  node.setAttribute(name, value === true ? "" : String(value));
}

const flat = (children) =>
  children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "");

/** Puts children in the place of those that a node has. */
export function put(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** As `put`, where the same is drawn anew: the focus stays, and what was folded out. */
export function renew(node, ...children) {
  const held = node.contains(document.activeElement) ? document.activeElement : null;
  const place = held ? alike(node, held).indexOf(held) : -1;
  const open = new Set([...node.querySelectorAll("details[open]")].map((one) => one.className));
  put(node, ...children);
  for (const one of node.querySelectorAll("details")) one.open ||= open.has(one.className);
  if (!held || held === node || node.contains(document.activeElement)) return node;
  const again = alike(node, held);
  (again[place] ?? again[0] ?? node.querySelector("a, button"))?.focus({ preventScroll: true });
  return node;
}

const alike = (node, held) =>
  [...node.querySelectorAll(held.tagName)].filter((one) => known(one) === known(held));

const known = (one) => one.getAttribute("aria-label") ?? one.dataset.field ?? one.textContent;

/** A text of a document: its direction is its own. */
export const words = (text, properties = {}, tag = "span") =>
  h(tag, { dir: "auto", ...properties }, String(text ?? ""));

const ICONS = {
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14",
  upload: "M8 11V3M4.8 6 8 2.8 11.2 6M2.5 10.5v3h11v-3",
  download: "M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 10.5v3h11v-3",
  close: "m3.5 3.5 9 9m0-9-9 9",
  back: "M9.5 3 4.5 8l5 5",
  next: "m6.5 3 5 5-5 5",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9M6.8 7v4M9.2 7v4",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3.2H9.8",
  undo: "M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H7",
  edit: "m3 13 .6-3L11 2.6 13.4 5 6 12.4z",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  width: "M2 3v10M14 3v10M4 8h8M6 6 4 8l2 2M10 6l2 2-2 2",
  page: "M4 2h5l3 3v9H4zM9 2v3h3",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  help: "M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.3-1 .8-1 1.6M8 12.2v.3",
  link: "M6 4H3v9h9v-3M9 3h4v4M13 3 7.5 8.5",
  check: "m3 8.5 3.2 3.2L13 5",
  filter: "M2 4h12M4 8h8M6.5 12h3",
};

/** A small drawing, which says nothing to a screen reader. */
export const icon = (name) =>
  s(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true", focusable: "false" },
    s("path", { d: ICONS[name] }),
  );

/** A button with a name; `glyph` is drawn before it, or instead of it when `bare` or on a phone. */
export function button(name, act, { glyph, bare = false, ...properties } = {}) {
  return h(
    "button",
    {
      type: "button",
      class: bare ? "quiet bare" : "quiet",
      "aria-label": glyph ? name : null,
      title: bare ? name : null,
      ...properties,
      on: { click: act },
    },
    glyph ? icon(glyph) : null,
    bare ? null : h("span", null, name),
  );
}
