// Charts as SVG: bars beside their names, and columns over days.

import { h, s, words } from "../core/dom.js";

/** Bars with names: [[name, value, status?]]. The figures stand beside them, for everybody. */
export function bars(rows, { format, caption }) {
  const most = Math.max(...rows.map(([, value]) => value), 0) || 1;
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", null, caption),
    h(
      "ul",
      { class: "bars" },
      rows.map(([name, value, status]) =>
        h(
          "li",
          null,
          words(name, { class: "bar-name", title: name }),
          s(
            "svg",
            {
              viewBox: "0 0 100 10",
              preserveAspectRatio: "none",
              "aria-hidden": "true",
              class: "meter",
            },
            s("rect", { width: "100", height: "10", class: "bar-track" }),
            s("rect", {
              width: String(value ? Math.max(0.6, (value / most) * 100) : 0),
              height: "10",
              class: "bar-fill",
              "data-status": status ?? null,
            }),
          ),
          h("span", { class: "number" }, format(value)),
        ),
      ),
    ),
  );
}

const HEIGHT = 140;
const FOOT = 20;
const WIDTH = 400;
const MOST_DAYS = 31;

/** A column for each day, the latest at the right. */
export function columns(byDay, { format, caption }) {
  const days = filled(Object.entries(byDay).sort(([a], [b]) => (a < b ? -1 : 1))).slice(-MOST_DAYS);
  const most = Math.max(...days.map(([, value]) => value), 0) || 1;
  const step = Math.min(40, WIDTH / days.length);
  const left = WIDTH - step * days.length;
  const name = `${caption}: ${days.map(([day, value]) => `${day} ${format(value)}`).join(", ")}`;
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", null, caption, h("span", { class: "push hint" }, `most ${format(most)}`)),
    s(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`,
        class: "columns",
        role: "img",
        "aria-label": name,
        width: "100%",
      },
      s("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT, class: "axis" }),
      days.map(([day, value], i) => {
        const tall = value ? Math.max(2, (value / most) * (HEIGHT - 8)) : 0;
        return s(
          "g",
          null,
          s("title", null, `${day}: ${format(value)}`),
          s("rect", { x: left + i * step, y: 0, width: step, height: HEIGHT, class: "hit-area" }),
          s("rect", {
            x: left + i * step + step * 0.15,
            y: HEIGHT - tall,
            width: step * 0.7,
            height: tall,
            class: "bar-fill",
            rx: 2,
          }),
          i % every(days.length) === 0
            ? s(
                "text",
                { x: left + i * step + step / 2, y: HEIGHT + 14, "text-anchor": "middle" },
                day.slice(5),
              )
            : null,
        );
      }),
    ),
  );
}

const every = (count) => Math.ceil(count / 6);

/** Days without costs between the first and the last are columns of nothing. */
function filled(days) {
  const all = [];
  for (const [day, value] of days) {
    const before = all.at(-1)?.[0];
    for (
      let next = before && after(before);
      next && next < day && all.length < 400;
      next = after(next)
    )
      all.push([next, 0]);
    all.push([day, value]);
  }
  return all;
}

const after = (day) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86400000).toISOString().slice(0, 10);
