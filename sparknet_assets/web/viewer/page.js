// One page: its image, its words to select, its boxes. Loaded when near, dropped when far away.

import * as api from "../core/api.js";
import { button, h, put, words } from "../core/dom.js";

const WIDTHS = [480, 800, 1200, 1800];
const SETTLE_MS = 80;
const LOW_CONFIDENCE = 0.8;
const ruler = document.createElement("canvas").getContext("2d");
ruler.font = "100px sans-serif";

/** A place for the page, of its proportions before anything of it is loaded. */
export function pageOf(docId, { page, width, height, failure }) {
  const image = h("img", { alt: "", draggable: "false", hidden: true });
  const text = h("div", { class: "text-layer" });
  const lines = h("div", { class: "line-boxes", "aria-hidden": "true" });
  const marks = h("div", { class: "marks", "aria-hidden": "true" });
  const hints = h("div", { class: "marks hints", "aria-hidden": "true" });
  const ratio = width && height ? width / height : 210 / 297;
  const element = h(
    "article",
    {
      class: "page",
      "aria-label": `Page ${page}`,
      data: { page: String(page) },
      css: { "--ratio": String(ratio) },
    },
    image,
    lines,
    text,
    marks,
    hints,
    h("span", { class: "page-number", "aria-hidden": "true" }, String(page)),
  );
  if (failure) {
    element.classList.add("missing");
    element.append(
      h(
        "div",
        { class: "page-failure" },
        h("strong", null, `Page ${page} is missing`),
        words(failure.message, {}, "p"),
      ),
    );
  }
  let loading = null;
  let shownUrl = "";
  let shownWidth = 0;
  let read = null;
  let trouble = null;

  return {
    page,
    ratio,
    element,
    load,
    unload,
    text: read_,
    mark: (boxes) =>
      put(
        marks,
        boxes.map((box) => boxOf(box, "mark")),
      ),
    hint: (boxes) =>
      put(
        hints,
        boxes.map((box) => boxOf(box, "mark")),
      ),
    selected,
  };

  function load() {
    const wanted = widthFor(element.clientWidth * (window.devicePixelRatio || 1), width);
    if (loading || failure || (shownUrl && wanted <= shownWidth)) return;
    loading = new AbortController();
    const { signal } = loading;
    setTimeout(() => void fetchAll(wanted, signal), SETTLE_MS);
  }

  async function fetchAll(wanted, signal) {
    if (signal.aborted) return;
    await Promise.all([fetchImage(wanted, signal), read ? null : fetchText(signal)]).catch(
      () => {},
    );
    if (!signal.aborted) loading = null;
  }

  async function fetchImage(wanted, signal) {
    const asked = wanted < width ? { width: wanted } : {};
    trouble?.remove();
    try {
      const url = await api.blobUrl(["documents", docId, "pages", page, "image"], asked, signal);
      if (signal.aborted) return window.URL.revokeObjectURL(url);
      if (shownUrl) window.URL.revokeObjectURL(shownUrl);
      shownUrl = url;
      shownWidth = wanted;
      image.src = url;
      image.hidden = false;
      element.classList.add("loaded");
    } catch (error) {
      if (error.name === "AbortError") return;
      trouble = h(
        "div",
        { class: "page-failure", role: "alert" },
        words(error.message, {}, "p"),
        button("Try again", load, { class: "link" }),
      );
      element.append(trouble);
    }
  }

  async function fetchText(signal) {
    read = await read_(signal);
    if (signal.aborted) return;
    put(
      text,
      read.lines.flatMap((line) => [...line.words.map(wordOf), h("br", { role: "presentation" })]),
    );
    put(
      lines,
      read.lines.map((line) => boxOf(around(line.words), "line-box")),
    );
  }

  /** The page's text; asked for once while the page is near. */
  async function read_(signal) {
    return read ?? api.get(["documents", docId, "pages", page, "text"], {}, signal);
  }

  function unload() {
    loading?.abort();
    loading = null;
    if (shownUrl) window.URL.revokeObjectURL(shownUrl);
    shownUrl = "";
    shownWidth = 0;
    read = null;
    trouble?.remove();
    image.removeAttribute("src");
    image.hidden = true;
    element.classList.remove("loaded");
    put(text);
    put(lines);
  }

  function wordOf([written, x0, y0, x1, y1, confidence], place, all) {
    const size = Math.max(y1 - y0, 0.001);
    const natural = (ruler.measureText(written).width / 100) * size;
    const stretch = natural ? ((x1 - x0) * ratio) / natural : 1;
    return h(
      "span",
      {
        dir: "auto",
        class: confidence < LOW_CONFIDENCE ? "w unsure" : "w",
        data: { box: [x0, y0, x1, y1].join(",") },
        css: {
          left: `${x0 * 100}%`,
          top: `${y0 * 100}%`,
          width: `${(x1 - x0) * 100}%`,
          "font-size": `${size * 100}cqh`,
          "--stretch": String(stretch),
        },
      },
      h("span", null, place < all.length - 1 ? `${written} ` : written),
    );
  }

  /** Boxes of the words that are selected on this page. */
  function selected(range) {
    return [...text.querySelectorAll(".w")]
      .filter((node) => range.intersectsNode(node))
      .map((node) => {
        const [x0, y0, x1, y1] = node.dataset.box.split(",").map(Number);
        return { page, x0, y0, x1, y1 };
      });
  }
}

function boxOf({ x0, y0, x1, y1 }, kind) {
  return h("div", {
    class: kind,
    css: {
      left: `${x0 * 100}%`,
      top: `${y0 * 100}%`,
      width: `${(x1 - x0) * 100}%`,
      height: `${(y1 - y0) * 100}%`,
    },
  });
}

const around = (found) => ({
  x0: Math.min(...found.map((word) => word[1])),
  y0: Math.min(...found.map((word) => word[2])),
  x1: Math.max(...found.map((word) => word[3])),
  y1: Math.max(...found.map((word) => word[4])),
});

const widthFor = (pixels, most) =>
  Math.min(WIDTHS.find((width) => width >= pixels * 0.9) ?? most, most || Infinity);
