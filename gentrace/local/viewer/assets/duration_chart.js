// Durations over time: a dot for each run, lines for the median and the 95th percentile.

import { timeChart } from "./chart.js";
import { h, s } from "./dom.js";
import { duration, fullDate, roundDuration } from "./format.js";
import { ticks } from "./lanes.js";
import { go, runLink } from "./router.js";
import { median, percentile } from "./statistics.js";

const HEIGHT = 240;

export function durationChart(runs, parts) {
  const timed = runs.filter((run) => Number.isFinite(run.duration));
  if (timed.length === 0)
    return h("p", { class: "dim" }, "These runs do not say how long they took.");
  const durations = timed.map((run) => run.duration);
  const most = Math.max(...durations, 1) * 1.05;
  const words = [
    `Durations of ${timed.length} runs: median ${duration(median(durations))}`,
    `95th percentile ${duration(percentile(durations, 95))}`,
  ].join(", ");
  const chart = timeChart({
    from: parts[0].from,
    to: parts.at(-1).to,
    most,
    values: ticks({ span: most }, 4),
    name: roundDuration,
    height: HEIGHT,
    label: words,
    draw: ({ svg, x, y }) => {
      svg.append(
        s(
          "g",
          {},
          timed.map((run) => dot(run, x(run.at), y(run.duration))),
        ),
      );
      svg.append(line(parts, x, y, "p95"), line(parts, x, y, "median"));
    },
  });
  chart.addEventListener("click", (event) => {
    const id = event.target.closest("[data-run]")?.dataset.run;
    if (id) go(runLink(id));
  });
  return [legend(), chart, slowest(timed)];
}

/** The dot of a run; a cross if the run failed. */
function dot(run, x, y) {
  const title = s(
    "title",
    {},
    `${duration(run.duration)}, ${fullDate(new Date(run.at))}${run.isFailed ? ", with errors" : ""}`,
  );
  if (!run.isFailed)
    return s("circle", { class: "dot", cx: x, cy: y, r: 3, "data-run": run.id }, title);
  return s(
    "path",
    { class: "cross", d: `M${x - 3} ${y - 3}l6 6m0 -6l-6 6`, "data-run": run.id },
    title,
  );
}

/** A line through the midpoints of the periods that have runs. */
function line(parts, x, y, key) {
  const points = parts
    .filter((part) => part[key] !== null)
    .map((part) => `${x((part.from + part.to) / 2).toFixed(1)} ${y(part[key]).toFixed(1)}`);
  return s("path", { class: `line ${key}`, d: points.length ? `M${points.join("L")}` : "" });
}

function legend() {
  const key = (kind, words) =>
    h(
      "span",
      {},
      s(
        "svg",
        { width: 18, height: 10, "aria-hidden": "true" },
        kind === "dot"
          ? s("circle", { class: "dot", cx: 9, cy: 5, r: 3 })
          : kind === "cross"
            ? s("path", { class: "cross", d: "M6 2l6 6m0 -6l-6 6" })
            : s("path", { class: `line ${kind}`, d: "M1 5H17" }),
      ),
      words,
    );
  return h(
    "p",
    { class: "legend dim" },
    key("dot", "run"),
    key("cross", "with errors"),
    key("median", "median"),
    key("p95", "95th percentile"),
  );
}

/** Links to the slowest runs, as the dots cannot be reached by keyboard. */
function slowest(runs) {
  const some = [...runs].sort((a, b) => b.duration - a.duration).slice(0, 3);
  return h(
    "p",
    { class: "dim small" },
    "Slowest: ",
    some.map((run, index) => [
      index ? ", " : "",
      h("a", { href: runLink(run.id), title: fullDate(new Date(run.at)) }, duration(run.duration)),
    ]),
  );
}
