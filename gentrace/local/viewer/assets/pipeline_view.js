// One pipeline over time: durations, errors, and the share of each step.

import { listRuns } from "./api.js";
import { durationChart } from "./duration_chart.js";
import { errorChart } from "./error_chart.js";
import { h, replace } from "./dom.js";
import { counted, duration, percent } from "./format.js";
import { runPicker } from "./run_picker.js";
import { go, link } from "./router.js";
import { median, percentile, periods } from "./statistics.js";
import { shareTable } from "./step_share.js";
import { plain, shownName, UNNAMED } from "./text.js";

const MAX_RUNS = 1000;

export async function showPipeline(main, route, { signal }) {
  const name = route.parts[0];
  document.title = `${plain(name || UNNAMED, 60)} – Gentrace, local`;
  const page = await listRuns({ name, limit: MAX_RUNS }, signal);
  const runs = page.pipelineRuns.map(read).filter(({ at }) => !Number.isNaN(at));
  const summary =
    runs.length === 0 ? "" : counted(runs.length, "run") + (page.next ? ", the newest ones" : "");
  replace(
    main,
    h(
      "div",
      { class: "page scroll" },
      h(
        "nav",
        { class: "crumbs dim", "aria-label": "Breadcrumb" },
        h("a", { href: "#/pipelines" }, "Pipelines"),
      ),
      h(
        "div",
        { class: "title" },
        h("h1", { tabindex: "-1" }, shownName(name || UNNAMED)),
        h("p", { class: "summary dim" }, summary),
        // The list of runs takes an empty name for all pipelines.
        name === ""
          ? null
          : h(
              "div",
              { class: "actions" },
              h("a", { class: "button quiet", href: link(["runs"], { name }) }, "See its runs"),
            ),
      ),
      runs.length === 0
        ? h(
            "div",
            { class: "empty" },
            h("h2", {}, "No run of this pipeline"),
            h("p", {}, "What it records appears here."),
          )
        : charts(runs),
    ),
  );
  return { escape: () => go(link(["pipelines"])) };
}

function charts(runs) {
  const durations = runs.map((run) => run.duration).filter(Number.isFinite);
  const failed = runs.filter((run) => run.isFailed).length;
  const parts = periods(runs);
  const facts = [
    ["Median", duration(median(durations))],
    ["95th percentile", duration(percentile(durations, 95))],
    ["Longest", duration(durations.length ? Math.max(...durations) : null)],
    [
      "With errors",
      h("span", { class: failed ? "failed" : "" }, `${failed} (${percent(failed / runs.length)})`),
    ],
  ];
  return [
    h(
      "dl",
      { class: "facts" },
      facts.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
    ),
    h(
      "div",
      { class: "charts" },
      card("Durations", durationChart(runs, parts)),
      card("Errors", errorChart(parts)),
      card("Share of each step", shareTable(runs), "short"),
      card("Compare two runs", runPicker(runs)),
    ),
  ];
}

function card(title, content, kind = "") {
  return h("section", { class: `card ${kind}`, "aria-label": title }, h("h2", {}, title), content);
}

function read(run) {
  return {
    id: run.pipelineRunId,
    at: Date.parse(run.startTime ?? run.createdAt),
    duration: run.duration,
    isFailed: Boolean(run.error || run.failedSteps),
    timeline: run.timeline ?? [],
    steps: run.steps,
    stored: run,
  };
}
