// The table of all pipelines: runs, errors and durations.

import { listPipelines, ServerError } from "./api.js";
import { h, replace } from "./dom.js";
import { firstRun } from "./empty.js";
import { counted, duration, fullDate, isoDate, number, percent, when } from "./format.js";
import { pipelineLink } from "./router.js";
import { plain, shownName, UNNAMED } from "./text.js";

const FIRST = 200;
const POLL = 2000;

export async function showPipelines(main, route, { signal, fail }) {
  document.title = "Pipelines – Gentrace, local";
  const { pipelines } = await listPipelines(signal);
  const ordered = [...pipelines].sort((a, b) => String(b.lastRun).localeCompare(String(a.lastRun)));
  const summary = h("p", { class: "summary dim" });
  const body = h("tbody", {});
  const search = h("input", {
    type: "search",
    placeholder: "Find pipelines",
    "aria-label": "Find pipelines",
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
  });
  const draw = () => {
    const words = search.value.trim().toLowerCase();
    const found = ordered.filter(({ name }) => name.toLowerCase().includes(words));
    const cutOff = found.length > FIRST ? `, the latest ${FIRST} of them` : "";
    summary.textContent = counted(found.length, "pipeline") + cutOff;
    replace(body, found.slice(0, FIRST).map(pipelineRow));
  };
  search.addEventListener("input", draw);
  draw();
  replace(
    main,
    h(
      "div",
      { class: "page scroll" },
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Pipelines"), summary),
      ordered.length === 0
        ? firstRun()
        : [
            h(
              "div",
              { class: "filters" },
              h("div", { class: "search" }, search, h("kbd", { "aria-hidden": "true" }, "/")),
            ),
            table(body),
          ],
    ),
  );
  if (ordered.length > 0) return {};
  // The page stays as it is until there is a pipeline, with what is focused or selected in it.
  let timer = setTimeout(poll, POLL);
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {};

  async function poll() {
    try {
      if ((await listPipelines(signal)).pipelines.length > 0)
        return await showPipelines(main, route, { signal, fail });
    } catch (error) {
      if (!(error instanceof ServerError)) return fail(error);
    }
    // Also after an error: the server may be started again.
    timer = setTimeout(poll, POLL);
  }
}

function table(body) {
  const columns = ["Pipeline", "Runs", "With errors", "Median", "95th percentile", "Last run"];
  return h(
    "div",
    { class: "table-box" },
    h(
      "table",
      { class: "pipelines" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((column) => h("th", { scope: "col" }, column)),
        ),
      ),
      body,
    ),
  );
}

function pipelineRow({ name, runs, errorRate, medianDuration, p95Duration, lastRun }) {
  const date = new Date(lastRun);
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      h(
        "a",
        { href: pipelineLink(name), title: plain(name || UNNAMED) },
        shownName(name || UNNAMED, 80),
      ),
    ),
    h("td", { "data-label": runs === 1 ? "run" : "runs" }, number(runs)),
    h(
      "td",
      { "data-label": "with errors", class: errorRate > 0 ? "failed" : "dim" },
      percent(errorRate ?? 0),
    ),
    h("td", { "data-label": "median" }, duration(medianDuration)),
    h("td", { "data-label": "95th" }, duration(p95Duration)),
    h(
      "td",
      { "data-label": "last" },
      h("time", { datetime: isoDate(date), title: fullDate(date) }, when(date)),
    ),
  );
}
