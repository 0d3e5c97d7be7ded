// The share of each provider in the time of all steps of a pipeline.

import { colourOf } from "./colours.js";
import { h, s } from "./dom.js";
import { duration, number, percent } from "./format.js";
import { median } from "./statistics.js";
import { shownName } from "./text.js";

const MAX_ROWS = 12;

export function shareTable(runs) {
  const providers = new Map();
  let isCut = false;
  for (const run of runs) {
    isCut ||= run.steps > run.timeline.length;
    for (const [, taken, failed, name] of run.timeline) {
      const row = providers.get(name ?? "") ?? { name: name ?? "", total: 0, failed: 0, each: [] };
      row.total += taken ?? 0;
      row.failed += failed ? 1 : 0;
      row.each.push(taken ?? 0);
      providers.set(row.name, row);
    }
  }
  const rows = [...providers.values()].sort((a, b) => b.total - a.total);
  if (rows.length === 0) return h("p", { class: "dim" }, "These runs have no steps.");
  const total = rows.reduce((sum, row) => sum + row.total, 0) || 1;
  return [stack(rows, total), table(rows.slice(0, MAX_ROWS), total), notes(rows, isCut)];
}

function stack(rows, total) {
  let at = 0;
  return s(
    "svg",
    { class: "share", height: 18, "aria-hidden": "true" },
    rows.map((row) => {
      const width = (row.total / total) * 100;
      const rect = s("rect", {
        class: `bar c${colourOf(row.name)}`,
        x: `${at}%`,
        width: `${width}%`,
        height: 18,
      });
      at += width;
      return rect;
    }),
  );
}

function table(rows, total) {
  const columns = ["Step", "Share", "Median", "Count", "Failed"];
  return h(
    "div",
    { class: "table-box" },
    h(
      "table",
      { class: "plain" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((column) => h("th", { scope: "col" }, column)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            h(
              "th",
              { scope: "row" },
              h("span", { class: `dot c${colourOf(row.name)}`, "aria-hidden": "true" }),
              shownName(row.name || "step", 60),
            ),
            h("td", {}, percent(row.total / total)),
            h("td", {}, duration(median(row.each))),
            h("td", {}, number(row.each.length)),
            h("td", { class: row.failed ? "failed" : "dim" }, number(row.failed)),
          ),
        ),
      ),
    ),
  );
}

function notes(rows, isCut) {
  const words = ["Of the sum of all steps; those that overlap count each."];
  if (isCut) words.push("Of runs of more than 60 steps, the longest count.");
  if (rows.length > MAX_ROWS)
    words.push(`${number(rows.length - MAX_ROWS)} more providers take less.`);
  return h("p", { class: "dim small" }, words.join(" "));
}
