// The comparison of two runs side by side, with their differences marked.

import { getRun, listRuns } from "./api.js";
import { colourOf } from "./colours.js";
import { h, replace } from "./dom.js";
import { differences, pairSteps } from "./differences.js";
import { differenceTable } from "./difference_table.js";
import { counted, duration, fullDate, isoDate, number, when } from "./format.js";
import { overviewOfSteps } from "./overview.js";
import { go, link, pipelineLink, runLink } from "./router.js";
import { readRun } from "./run_model.js";
import { totalTokens } from "./usage.js";
import { cut, shown, shownName, UNNAMED } from "./text.js";

const PAGE = 100;

/** Show `compare/A/B`; with A alone, compare it with the previous run of the same pipeline. */
export async function showComparison(main, route, { signal }) {
  document.title = "Compare – Gentrace, local";
  let [first, second] = route.parts;
  if (second === undefined && first !== undefined) {
    const other = await runBefore(first, signal);
    if (other === null)
      return nothing(
        main,
        "There is no earlier run of this pipeline to compare with, or this one is not stored any more.",
        runLink(first),
      );
    go(link(["compare", other, first]), { silent: true });
    [first, second] = [other, first];
  }
  const stored = await Promise.all([getRun(first, signal), getRun(second, signal)]);
  if (stored.includes(null))
    return nothing(main, "One of the two runs is not stored any more.", link(["runs"]));
  const [a, b] = stored.map(readRun);
  const span = Math.max(a.span, b.span);
  const pairs = pairSteps(a.ordered, b.ordered);
  const summary = h("p", { class: "summary dim" }, summarize(pairs));
  const found = differences(propertiesOf(a), propertiesOf(b));
  replace(
    main,
    h(
      "div",
      { class: "page scroll" },
      h(
        "nav",
        { class: "crumbs dim", "aria-label": "Breadcrumb" },
        h("a", { href: "#/pipelines" }, "Pipelines"),
        " / ",
        h("a", { href: pipelineLink(b.name) }, shownName(b.name || UNNAMED, 60)),
      ),
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Two runs"), summary),
      h("div", { class: "sides" }, side("A", a, b, span), side("B", b, a, span)),
      found.length === 0 ? null : [h("h2", {}, "Properties of the run"), differenceTable(found)],
      h("h2", {}, "Steps"),
      stepList(pairs),
    ),
  );
  return { escape: () => go(pipelineLink(b.name)) };
}

async function runBefore(id, signal) {
  const run = await getRun(id, signal);
  if (run === null) return null;
  const page = await listRuns({ name: run.name, before: id, limit: 1 }, signal);
  return page.pipelineRuns[0]?.pipelineRunId ?? null;
}

function propertiesOf(run) {
  return run.error === null ? run.more : { error: run.error, ...run.more };
}

function summarize(pairs) {
  const changed = pairs.filter(
    ([a, b]) => a === null || b === null || contentOf(a, b).length > 0,
  ).length;
  return changed
    ? `${number(changed)} of ${counted(pairs.length, "step")} differ`
    : "all steps have the same content";
}

function side(letter, run, other, span) {
  const date = run.start ?? run.createdAt;
  const fact = (term, value, differs) =>
    h("div", { class: differs ? "differs" : null }, h("dt", {}, term), h("dd", {}, value));
  return h(
    "section",
    { class: "card", "aria-label": `Run ${letter}` },
    h(
      "h2",
      {},
      h("span", { class: "letter" }, letter),
      h(
        "a",
        { href: runLink(run.id) },
        h("time", { datetime: isoDate(date), title: fullDate(date) }, when(date)),
      ),
    ),
    overviewOfSteps(run, span),
    h(
      "dl",
      { class: "facts" },
      run.name === other.name ? null : fact("Pipeline", shownName(run.name || UNNAMED, 60), true),
      fact("Duration", duration(run.duration), run.duration !== other.duration),
      fact("Steps", number(run.steps.length), run.steps.length !== other.steps.length),
      fact("Failed", number(run.failed), run.failed !== other.failed),
      totalTokens(run.steps) === null
        ? null
        : fact(
            "Tokens",
            number(totalTokens(run.steps)),
            totalTokens(run.steps) !== totalTokens(other.steps),
          ),
    ),
    run.error === null ? null : h("p", { class: "error-box" }, shown(cut(run.error, 500))),
  );
}

function stepList(pairs) {
  const list = h("ul", { class: "pairs" });
  let from = 0;
  const more = h("button", { type: "button", class: "quiet", onclick: () => draw() }, "More steps");
  const draw = () => {
    list.append(...pairs.slice(from, from + PAGE).map(pairRow));
    from += PAGE;
    more.hidden = from >= pairs.length;
  };
  draw();
  return [list, more];
}

function pairRow([a, b]) {
  const step = a ?? b;
  const title = [
    h("span", { class: `dot c${colourOf(step.name)}`, "aria-hidden": "true" }),
    h("span", { class: "name" }, shownName(step.name || "step", 60)),
    h("span", { class: "invocation dim" }, shownName(step.invocation, 80)),
  ];
  if (a === null || b === null) {
    const where = a === null ? "only in B" : "only in A";
    return h(
      "li",
      { class: "pair" },
      h("div", { class: "pair-row" }, title, times(a, b), h("span", { class: "badge" }, where)),
    );
  }
  const found = contentOf(a, b);
  if (found.length === 0)
    return h(
      "li",
      { class: "pair" },
      h(
        "div",
        { class: "pair-row" },
        title,
        times(a, b),
        h("span", { class: "dim" }, "same content"),
      ),
    );
  const kinds = [...new Set(found.map(({ path }) => kindOf(path)))];
  const details = h(
    "details",
    {},
    h(
      "summary",
      { class: "pair-row" },
      title,
      times(a, b),
      h(
        "span",
        { class: "badges" },
        kinds.map((kind) =>
          h("span", { class: kind === "error" ? "badge failed" : "badge" }, kind),
        ),
      ),
    ),
  );
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(differenceTable(found));
  });
  return h("li", { class: "pair" }, details);
}

function times(a, b) {
  const change =
    a && b && a.duration !== null && b.duration !== null ? b.duration - a.duration : null;
  const isLarge =
    change !== null && Math.abs(change) > Math.max(5, 0.1 * Math.max(a.duration, b.duration));
  const kind = isLarge ? (change > 0 ? "slower" : "faster") : "dim";
  return h(
    "span",
    { class: "times" },
    h("span", { class: "dim" }, h("span", { class: "letter-of" }, "A "), timeOf(a)),
    h("span", { class: "dim" }, h("span", { class: "letter-of" }, "B "), timeOf(b)),
    h("span", { class: kind }, changeText(change)),
  );
}

function timeOf(step) {
  return step ? duration(step.duration) : "–";
}

function changeText(change) {
  if (change === null) return "";
  if (change === 0) return "=";
  return `${change > 0 ? "+" : "−"}${duration(Math.abs(change))}`;
}

/** The differences of two steps, without their times. */
function contentOf(a, b) {
  return differences(content(a), content(b));
}

function content({ raw }) {
  const { elapsedTime: _elapsed, startTime: _start, endTime: _end, provider = {}, ...rest } = raw;
  const own = Object.entries(rest).map(([name, value]) => [
    Object.hasOwn(provider, name) ? `step ${name}` : name,
    value,
  ]);
  return { ...provider, ...Object.fromEntries(own) };
}

function kindOf(path) {
  const kind = path.split(/[.[]/, 1)[0];
  return kind === "modelParams" ? "parameters" : cut(kind, 30);
}

function nothing(main, words, back) {
  replace(
    main,
    h(
      "div",
      { class: "empty" },
      h("h1", { tabindex: "-1" }, "Nothing to compare"),
      h("p", {}, words),
      h("a", { class: "button main", href: back }, "Back"),
    ),
  );
  return { escape: () => go(back) };
}
