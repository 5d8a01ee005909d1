// The page: its bar, its views, its keys.

import * as api from "./core/api.js";
import { failed, help, notice, say } from "./core/dialogs.js";
import { button, h, put } from "./core/dom.js";
import { counted, number } from "./core/format.js";
import { bindEverywhere, bindView, listen } from "./core/keys.js";
import { live } from "./core/live.js";
import { waiting, wrong } from "./core/parts.js";
import { entitle, go, parsed } from "./core/router.js";

const VIEWS = {
  documents: ["Documents", () => import("./views/documents.js")],
  document: ["Document", () => import("./views/document.js")],
  search: ["Search", () => import("./views/search.js")],
  ask: ["Ask", () => import("./views/ask.js")],
  plan: ["Plan & costs", () => import("./views/plan.js")],
};
const THEME = "sparknet.theme";
const AFTER_G = { d: "documents", s: "search", a: "ask", p: "plan" };
const SAID_EVERY_MS = 8000;

const main = document.getElementById("main");
let shown = null;
let me = null;

/** What the server says of this caller; asked once. */
const whoami = () =>
  (me ??= api.get(["me"]).catch((error) => ((me = null), Promise.reject(error))));

async function show() {
  const route = parsed();
  const name = route.view === "documents" && route.id ? "document" : route.view;
  const [title, load] = VIEWS[name] ?? VIEWS.documents;
  if (shown?.name === name && shown.view?.update?.(route)) return;
  shown?.leaving.abort();
  const leaving = new AbortController();
  const current = { name, leaving, view: null };
  shown = current;
  bindView({});
  entitle(title);
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.view === route.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const root = h("div", { class: `view view-${name}` }, waiting());
  put(main, root);
  try {
    const [module, self] = await Promise.all([load(), whoami()]);
    if (leaving.signal.aborted) return;
    put(root);
    current.view = await module.open(root, route, { me: self, signal: leaving.signal });
  } catch (error) {
    if (leaving.signal.aborted || error.name === "AbortError") return;
    current.unreached = error.status === 0;
    put(root, wrong(error, again));
  }
}

function again() {
  shown = null;
  show().catch(failed);
}

function theme(next) {
  const chosen = next ?? window.localStorage.getItem(THEME) ?? "";
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  if (next !== undefined) window.localStorage.setItem(THEME, next);
}

function otherTheme() {
  const dark =
    document.documentElement.dataset.theme ||
    (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  theme(dark === "dark" ? "light" : "dark");
}

/** The bar's end: how many batches are under way, and whether the server is there. */
function bar() {
  const state = h("a", { class: "live", href: "#/documents", hidden: true });
  put(
    document.getElementById("bar-end"),
    state,
    button("Dark or light", otherTheme, { glyph: "theme", bare: true }),
    button("Keys", help, { glyph: "help", bare: true, class: "quiet bare keys-button" }),
  );
  let lastSaid = 0;
  const update = () => {
    const runs = live.active;
    const [short, long] = farness(runs);
    state.hidden = !runs.length && live.connected;
    state.dataset.state = live.connected ? "busy" : "away";
    state.textContent = live.connected ? short : "No connection";
    state.title = live.connected ? long : "The server does not answer; trying again by itself.";
    state.setAttribute("aria-label", state.title);
  };
  live.on("connection", update);
  live.on("caught-up", () => shown?.unreached && again());
  live.on("run", ({ run, before }) => {
    update();
    const ended = before && before.state !== run.state && /done|failed/.test(run.state);
    if (ended) tellEnd(run);
    else if (run.state === "running" && Date.now() - lastSaid > SAID_EVERY_MS) {
      lastSaid = Date.now();
      say(`${run.finished} of ${counted(run.documents, "document")} processed.`);
    }
  });
}

/** What a run came to: its failures are shown, not only said. */
function tellEnd(run) {
  if (run.what === "elsewhere") return say("Processing has ended.");
  const text = `Processing has ended: ${counted(run.finished, "document")}, ${run.failed} failed.`;
  if (run.state === "failed" && run.message)
    return notice(`Processing broke off. ${run.message}`, { kind: "error" });
  if (!run.failed) return say(text);
  const act = () => go("documents", "", { status: "failed" });
  return notice(text, { kind: "error", action: "Show them", act });
}

/** How far runs are, briefly and in words; of those elsewhere only what is left is known. */
function farness(runs) {
  const done = runs.reduce((sum, run) => sum + run.finished, 0);
  const all = runs.reduce((sum, run) => sum + run.documents, 0);
  if (runs.some((run) => run.what === "elsewhere"))
    return [`${number(all - done)} left`, `${counted(all - done, "document")} being processed`];
  return [`${done} of ${all}`, `Processed ${done} of ${all} documents`];
}

/** `g` and a letter opens a view. */
function afterG() {
  const wait = (event) => {
    const view = AFTER_G[event.key];
    document.removeEventListener("keydown", wait, true);
    if (!view) return;
    event.preventDefault();
    event.stopPropagation();
    go(view);
  };
  document.addEventListener("keydown", wait, true);
  setTimeout(() => document.removeEventListener("keydown", wait, true), 1500);
}

function searchBox() {
  const box = document.querySelector("[data-search]");
  if (box) box.focus();
  else go("search");
}

theme();
bar();
listen();
bindEverywhere({ "?": help, "/": searchBox, g: afterG, t: otherTheme });
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", () => {
  show().catch(failed);
});
show().then(() => live.start(), failed);
