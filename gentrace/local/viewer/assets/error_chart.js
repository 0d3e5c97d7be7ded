// Errors over time: a bar of runs and a bar of failed runs for each period.

import { timeChart } from "./chart.js";
import { h, s } from "./dom.js";
import { counted, fullDate, number } from "./format.js";
import { ticks } from "./lanes.js";

const HEIGHT = 240;

export function errorChart(parts) {
  const most = Math.max(...parts.map((part) => part.runs.length), 1) * 1.05;
  const runs = parts.reduce((sum, part) => sum + part.runs.length, 0);
  const failed = parts.reduce((sum, part) => sum + part.failed, 0);
  const values = ticks({ span: most }, 3).filter(Number.isInteger);
  const chart = timeChart({
    from: parts[0].from,
    to: parts.at(-1).to,
    most,
    values,
    name: number,
    height: HEIGHT,
    label: `${failed} of ${runs} runs have errors`,
    draw: ({ svg, x, y }) => svg.append(...parts.flatMap((part) => bars(part, x, y))),
  });
  return [
    h(
      "p",
      { class: "legend dim" },
      h("span", {}, h("i", { class: "swatch runs" }), "runs"),
      h("span", {}, h("i", { class: "swatch failed" }), "with errors"),
    ),
    chart,
  ];
}

function bars(part, x, y) {
  if (part.runs.length === 0) return [];
  const left = x(part.from) + 1;
  const width = Math.max(1, x(part.to) - x(part.from) - 2);
  const title = [
    counted(part.runs.length, "run"),
    `${part.failed} with errors`,
    `from ${fullDate(new Date(part.from))}`,
  ].join(", ");
  const bar = (kind, count) =>
    s(
      "rect",
      {
        class: kind,
        x: left,
        width,
        y: y(count),
        height: Math.max(0, y(0) - y(count)),
        rx: 1,
      },
      s("title", {}, title),
    );
  return [bar("volume", part.runs.length), bar("volume failed", part.failed)];
}
