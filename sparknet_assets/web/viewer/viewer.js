// The pages of a document, one below the other: zoom, the page in sight, places that are marked.

import * as api from "../core/api.js";
import { h, put } from "../core/dom.js";
import { number } from "../core/format.js";
import { empty, waiting, wrong } from "../core/parts.js";
import { pageOf } from "./page.js";
import { boxesAfter, toolbar } from "./toolbar.js";

const ZOOMS = [0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];
// Pages this many screens away are loaded, so that scrolling meets them ready.
const NEAR = "75% 0px";

/**
 * @param onPage called with the page in sight
 * @param reveal brings the pages to the front where the screen shows one thing at a time
 */
export function viewer({ signal, onPage = () => {}, reveal = () => {} }) {
  let pages = [];
  let current = 1;
  let zoom = 1;
  let moving = false;
  const bar = toolbar({ to, step, zoomBy, zoomTo, fitPage, boxes: showBoxes });
  const scroller = h("div", {
    class: "viewer-scroll",
    tabindex: "0",
    role: "region",
    "aria-label": "Pages",
  });
  const element = h(
    "section",
    { class: "viewer", "aria-label": "Document pages" },
    bar.element,
    scroller,
  );
  const near = new IntersectionObserver(
    (entries) =>
      entries.forEach((entry) => entry.target.pageView[entry.isIntersecting ? "load" : "unload"]()),
    { root: scroller, rootMargin: NEAR },
  );
  scroller.addEventListener("scroll", () => requestAnimationFrame(noteCurrent), { passive: true });
  signal.addEventListener("abort", close);
  zoomTo(1);

  return {
    element,
    open,
    nothing,
    show,
    point,
    mark,
    hint,
    close,
    selection,
    pageText,
    scroller,
    get page() {
      return current;
    },
    get count() {
      return pages.length;
    },
    keys: {
      "[": () => step(-1),
      "]": () => step(1),
      "+": () => zoomBy(1),
      "=": () => zoomBy(1),
      "-": () => zoomBy(-1),
      0: () => zoomTo(1),
      b: nextBoxes,
    },
  };

  /** Shows another document, from its beginning. */
  async function open(docId) {
    close();
    element.classList.remove("without-pages");
    put(scroller, waiting("Loading pages…"));
    try {
      const answer = await api.get(["documents", docId, "pages"], {}, signal);
      pages = answer.pages.map((info) => pageOf(docId, info));
    } catch (error) {
      if (error.name === "AbortError") return;
      put(
        scroller,
        wrong(error, () => void open(docId)),
      );
      return;
    }
    if (!pages.length) return nothing();
    put(
      scroller,
      h(
        "div",
        { class: "pages" },
        pages.map(({ element: page }) => page),
      ),
    );
    for (const page of pages) {
      page.element.pageView = page;
      near.observe(page.element);
    }
    bar.page.max = String(pages.length);
    put(bar.total, `of ${number(pages.length)}`);
    note(1);
  }

  /** @param failed whether the document could not be read, rather than not yet */
  function nothing(failed = false) {
    close();
    element.classList.add("without-pages");
    const text = failed
      ? "The document could not be read; what is wrong and what to do stands above."
      : "They appear once the document is read.";
    put(scroller, empty("No pages", h("p", null, text)));
  }

  function close() {
    near.disconnect();
    for (const page of pages) page.unload();
    pages = [];
    put(bar.total);
  }

  /** Goes to a page, or to the first of the boxes on it. */
  function show(page, found = []) {
    const there = found.find((box) => box.page === page) ?? found[0];
    const view = pages[(there?.page ?? page) - 1];
    if (!view) return;
    const { element: target } = view;
    const place = there ? there.y0 * target.clientHeight - scroller.clientHeight / 3 : -12;
    moving = true;
    scroller.scrollTop = target.offsetTop + Math.max(place, -12);
    if (there) {
      const left = target.offsetLeft + there.x0 * target.clientWidth;
      if (left < scroller.scrollLeft || left > scroller.scrollLeft + scroller.clientWidth * 0.8) {
        scroller.scrollLeft = Math.max(0, left - scroller.clientWidth / 4);
      }
    }
    note(view.page);
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        moving = false;
      }),
    );
  }

  /** Marks places to stay, and goes to the first of them. */
  function point(found) {
    if (!found.length) return;
    reveal();
    mark(found);
    show(found[0].page, found);
  }

  /** Marks places until others are marked. */
  function mark(found) {
    for (const view of pages) view.mark(found.filter((box) => box.page === view.page));
  }

  /** Marks places for as long as something points at them. */
  function hint(found) {
    for (const view of pages) view.hint(found.filter((box) => box.page === view.page));
  }

  async function pageText(page) {
    return pages[page - 1]?.text(signal) ?? null;
  }

  /** What is selected on the pages: text and the boxes of its words; null when nothing is. */
  function selection() {
    const chosen = window.getSelection();
    if (!chosen?.rangeCount || chosen.isCollapsed) return null;
    const range = chosen.getRangeAt(0);
    if (!range.intersectsNode(scroller)) return null;
    const found = pages
      .filter((view) => range.intersectsNode(view.element))
      .flatMap((view) => view.selected(range));
    return found.length
      ? { text: chosen.toString().replace(/\s+/g, " ").trim(), boxes: found }
      : null;
  }

  function to(page) {
    if (pages.length) show(Math.max(1, Math.min(pages.length, Math.round(page) || 1)));
  }

  function step(by) {
    to(current + by);
  }

  function noteCurrent() {
    if (moving || !pages.length) return;
    const line = scroller.scrollTop + scroller.clientHeight / 3;
    let low = 0;
    let high = pages.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (pages[middle].element.offsetTop <= line) low = middle;
      else high = middle - 1;
    }
    note(low + 1);
  }

  function note(page) {
    bar.page.value = String(page);
    if (page === current && element.dataset.page) return;
    current = page;
    element.dataset.page = String(page);
    onPage(page);
  }

  function zoomTo(value) {
    const held = pages[current - 1]?.element;
    const share = held?.clientHeight
      ? (scroller.scrollTop - held.offsetTop) / held.clientHeight
      : 0;
    zoom = value;
    element.style.setProperty("--zoom", String(value));
    bar.zoom.value = `${Math.round(value * 100)} %`;
    if (held) scroller.scrollTop = held.offsetTop + share * held.clientHeight;
    const from = scroller.scrollTop - scroller.clientHeight;
    const upto = scroller.scrollTop + 2 * scroller.clientHeight;
    for (const page of pages) {
      if (
        page.element.classList.contains("loaded") &&
        page.element.offsetTop < upto &&
        page.element.offsetTop + page.element.clientHeight > from
      )
        page.load();
    }
  }

  function zoomBy(direction) {
    const next =
      direction > 0
        ? ZOOMS.find((value) => value > zoom + 0.01)
        : ZOOMS.findLast((value) => value < zoom - 0.01);
    if (next) zoomTo(next);
  }

  function fitPage() {
    const view = pages[current - 1];
    if (!view) return;
    const wide = view.element.clientWidth / zoom;
    zoomTo(Math.min(1, ((scroller.clientHeight - 24) * view.ratio) / wide));
    show(current);
  }

  function showBoxes(kind) {
    bar.boxes.value = kind;
    element.dataset.boxes = kind;
  }

  function nextBoxes() {
    showBoxes(boxesAfter(bar.boxes.value));
  }
}
