// What would be redone and why, what it would take, and what was spent.

import * as api from "../core/api.js";
import { confirmed, failed, notice } from "../core/dialogs.js";
import { button, h, put, renew, words } from "../core/dom.js";
import { counted, label, money, number, seconds } from "../core/format.js";
import { bindView, mover } from "../core/keys.js";
import { live } from "../core/live.js";
import { empty, runProgress, table, waiting, wrong } from "../core/parts.js";
import { address } from "../core/router.js";
import { bars, columns } from "./charts.js";

const LISTED = 200;
// From so many documents on, what is done for which reason is summed up first.
const MANY = 10;
const STATUSES = ["indexed", "partial", "pending", "failed"];

export async function open(root, _route, { me, signal }) {
  const canRun = me.scopes.includes("write") && me.features.processing;
  const todo = h("section", { class: "todo", "aria-label": "Plan" });
  const runs = h("section", { class: "runs", "aria-label": "Batches under way" });
  const spent = h("section", { class: "spent", "aria-label": "Costs" });
  put(
    root,
    h(
      "div",
      { class: "toolbar" },
      h("h1", null, "Plan & costs"),
      button("Look again", () => void load(), { glyph: "retry", class: "quiet push" }),
    ),
    runs,
    todo,
    spent,
  );
  bindView(mover(todo, "[data-item]"));
  live.on(
    "run",
    ({ run, before }) => {
      showRuns();
      if (before && before.state !== run.state) void load();
    },
    signal,
  );
  showRuns();
  void load();
  return { update: () => false };

  async function load() {
    if (!todo.childElementCount) put(todo, waiting("Comparing originals, records and settings…"));
    await Promise.all([
      api.get(["plan"], { limit: LISTED }, signal).then(showPlan, (error) => broken(todo, error)),
      Promise.all([
        api.get(["costs"], {}, signal),
        api.get(["documents"], { limit: 1 }, signal),
      ]).then(
        ([costs, { totals }]) => showCosts(costs, totals),
        (error) => broken(spent, error),
      ),
    ]);
  }

  function broken(place, error) {
    if (error.name !== "AbortError")
      put(
        place,
        wrong(error, () => void load()),
      );
  }

  function showRuns() {
    renew(runs, live.active.map(runProgress));
    runs.hidden = !live.active.length;
  }

  function showPlan(plan) {
    const { totals, documents } = plan;
    renew(
      todo,
      h(
        "div",
        { class: "section-head" },
        h(
          "h2",
          null,
          documents.length
            ? `${counted(totals.documents, "document")} to do`
            : "Everything is up to date",
        ),
        documents.length && canRun
          ? button("Do it all", () => void begin(totals), { class: "primary push" })
          : null,
      ),
      documents.length
        ? figures([
            ["Pages", number(totals.pages)],
            ["Estimated time", seconds(totals.seconds)],
            ["Estimated cost", money(totals.cost_usd)],
          ])
        : null,
      plan.held_back ? words(plan.held_back, { class: "failure mild" }, "p") : null,
      plan.unmeasured?.length
        ? h(
            "p",
            { class: "hint" },
            `Not in the estimates, since never measured: ${plan.unmeasured.map(label).join(", ")}.`,
          )
        : null,
      plan.unpriced?.length
        ? h(
            "p",
            { class: "hint" },
            `Without a known price: ${plan.unpriced.map(label).join(", ")}.`,
          )
        : null,
      totals.documents > MANY ? reasonTable(plan.reasons) : null,
      documents.length
        ? planTable(documents)
        : empty(
            "Nothing would be redone",
            h("p", null, "Originals, settings and what was made of them agree."),
          ),
      plan.next
        ? h(
            "p",
            { class: "hint" },
            `The first ${number(documents.length)} are listed. `,
            button("Show more", () => void more(plan), { class: "quiet" }),
          )
        : null,
      plan.ignored?.length ? ignored(plan.ignored, totals.ignored) : null,
    );
  }

  async function more(plan) {
    const asked = { limit: LISTED, after: plan.next };
    await api.get(["plan"], asked, signal).then(({ documents, next }) => {
      showPlan({ ...plan, documents: [...plan.documents, ...documents], next });
    }, failed);
  }

  async function begin(totals) {
    const sure = await confirmed({
      title: "Bring everything up to date?",
      text: `${counted(totals.documents, "document")}, ${counted(totals.pages, "page")}, about ${seconds(totals.seconds)} and ${money(totals.cost_usd)}.`,
      action: "Begin",
    });
    if (!sure) return;
    await api
      .post(["runs"], { doc_ids: null, what: "stale", force: false })
      .then(() => notice("Processing begins."), failed);
  }

  function showCosts(costs, totals) {
    const stages = Object.entries(costs.by_stage);
    const statuses = [
      ...STATUSES,
      ...Object.keys(totals).filter((name) => !STATUSES.includes(name) && name !== "deleted"),
    ];
    const charged = costs.total_usd > 0;
    const { questions } = costs;
    const asked = questions.models_usd + questions.queries_usd;
    renew(
      spent,
      h("div", { class: "section-head" }, h("h2", null, "Costs")),
      figures([
        ["Spent in all", money(costs.total_usd)],
        [
          "Budget of a run",
          costs.budget_usd === null || costs.budget_usd === undefined
            ? "none"
            : money(costs.budget_usd),
        ],
        ...(questions.asked || asked
          ? [
              ["Questions put to a model", number(questions.asked)],
              ["Spent on questions", money(asked)],
              ["Spent on questions today", money(questions.today_usd)],
            ]
          : []),
        ...(questions.budget_usd === null
          ? []
          : [["Budget of a day’s questions", money(questions.budget_usd)]]),
        ["Documents", number(statuses.reduce((sum, name) => sum + (totals[name] ?? 0), 0))],
      ]),
      h(
        "div",
        { class: "charts" },
        bars(
          statuses.filter((name) => totals[name]).map((name) => [label(name), totals[name], name]),
          { format: number, caption: "Documents by status" },
        ),
        bars(
          stages.map(([name, usd]) => [label(name), usd]),
          { format: money, caption: "Cost by stage" },
        ),
        Object.keys(costs.by_day).length
          ? columns(costs.by_day, { format: money, caption: "Cost by day" })
          : null,
        asked ? columns(questions.by_day, { format: money, caption: "Questions by day" }) : null,
        charged
          ? bars(
              costs.documents
                .filter((row) => row.cost_usd)
                .map((row) => [row.doc_id, row.cost_usd]),
              { format: money, caption: "Dearest documents" },
            )
          : null,
      ),
      charged || asked
        ? null
        : h("p", { class: "hint" }, "Nothing was charged: everything ran on this machine."),
    );
  }
}

const figures = (given) =>
  h(
    "dl",
    { class: "figures" },
    given.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );

const reasonTable = (reasons) =>
  table(
    ["Why", "Change", "Documents", "Pages", "Time", "Cost"],
    reasons.map((row) => [
      words(row.reason),
      h("span", { class: "tag" }, label(row.change)),
      number(row.documents),
      number(row.pages),
      seconds(row.seconds),
      money(row.cost_usd),
    ]),
    { numbers: [2, 3, 4, 5], caption: "What would be redone, by reason" },
  );

const planTable = (documents) =>
  table(
    ["Document", "Change", "Stages", "Pages", "Time", "Cost", "Why"],
    documents.map((row) => [
      h("a", { href: address("documents", row.doc_id), data: { item: "" } }, words(row.doc_id)),
      h("span", { class: "tag" }, label(row.change)),
      row.stages.length > 2
        ? `${label(row.stages[0])} and ${row.stages.length - 1} more`
        : row.stages.map(label).join(", "),
      row.pages === null ? "–" : number(row.pages),
      seconds(row.seconds),
      money(row.cost_usd),
      words(row.reason),
    ]),
    {
      numbers: [3, 4, 5],
      caption: "Documents that would be redone",
      properties: { class: "plan-table" },
    },
  );

const ignored = (given, count) =>
  h(
    "details",
    null,
    h("summary", null, `${counted(count, "object")} left aside`),
    h(
      "ul",
      null,
      given.map(({ key, reason }) =>
        h("li", null, words(key, { class: "mono" }), " ", words(reason, { class: "hint" })),
      ),
    ),
  );
