// Lines over time, drawn by hand.

import { h, svg } from "./dom.mjs";

const [WIDTH, HEIGHT] = [600, 140];

/**
 * A chart of several series, by name. `points` are `{time, values}` in order, the last one newest; `show` writes a value.
 * The legend tells the newest values, so that nobody has to read them from the lines.
 */
export function chart(title, names, points, show) {
  const most = Math.max(1e-9, ...points.flatMap(({ values }) => names.map((name) => values[name] ?? 0)));
  const [first, last] = [points[0]?.time ?? 0, points.at(-1)?.time ?? 1];
  const across = (time) => ((time - first) / Math.max(1, last - first)) * WIDTH;
  const down = (value) => HEIGHT - 4 - (value / most) * (HEIGHT - 12);
  const lines = names.map((name, index) => svg("polyline", {
    class: `c${index % 6}`,
    points: points.map(({ time, values }) => `${across(time).toFixed(1)},${down(values[name] ?? 0).toFixed(1)}`).join(" "),
  }));
  const newest = points.at(-1)?.values ?? {};
  const legend = names.map((name, index) => h("li", { class: `c${index % 6}` }, h("span", {}, `${name} ${show(newest[name] ?? 0)}`)));
  return h("section", { class: "card" },
    h("h3", {}, title, h("span", { class: "faint small" }, points.length > 1 ? ` · up to ${show(most)}` : "")),
    svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}, over time` },
      svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 4, y2: HEIGHT - 4 }), lines),
    h("ul", { class: "legend" }, legend));
}
