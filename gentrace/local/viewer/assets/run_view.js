// One run: its steps on the time axis, and the panel of the open step.

import { deleteRun, getRun } from "./api.js";
import { h, replace } from "./dom.js";
import { bytes, counted, duration, fullDate, isoDate, number, when } from "./format.js";
import { copyButton } from "./copy.js";
import { jsonTree } from "./json_tree.js";
import { overviewOfSteps } from "./overview.js";
import { go, link, pipelineLink, runLink } from "./router.js";
import { readRun } from "./run_model.js";
import { listLink } from "./runs_view.js";
import { stepPanel } from "./step_panel.js";
import { cut, plain, shown, shownName, UNNAMED } from "./text.js";
import { totalTokens } from "./usage.js";
import { waterfall } from "./waterfall.js";

// With more steps, an overview and the zoom are shown.
const MANY = 40;

export async function showRun(main, route, { signal, fail }) {
  const id = route.parts[0];
  const stored = await getRun(id, signal);
  if (stored === null) return missing(main, id);
  const run = readRun(stored);
  const panel = h("aside", { class: "step-panel", "aria-label": "Step", hidden: true });
  const page = h("div", { class: "page run" });
  const chart = waterfall(run, { onmove: (step) => open(step, true) });
  const search = filterField(chart, run);
  let current = null;
  replace(
    page,
    header(run, remove),
    run.steps.length
      ? h(
          "div",
          { class: "panes" },
          h(
            "section",
            { class: "waterfall-pane", "aria-label": "Timeline" },
            search,
            chart.element,
          ),
          panel,
        )
      : h("div", { class: "empty" }, h("h2", {}, "This run has no steps")),
  );
  replace(main, page);
  await document.fonts?.ready;
  chart.start();
  apply(route);
  return {
    list: chart.list,
    escape: () => (current === null ? go(listLink()) : close()),
    update: (next) => {
      if (next.view !== "runs" || next.parts[0] !== id) return false;
      apply(next);
      return true;
    },
    close: () => chart.list.close(),
  };

  function apply({ parts }) {
    const step = parts[1] === "steps" ? run.steps[Number(parts[2]) - 1] : undefined;
    title(run, step);
    if (step === undefined) hide();
    else show(step);
  }

  function open(step, byKey) {
    go(runLink(id, step.number), { silent: byKey });
    if (byKey) apply({ parts: [id, "steps", String(step.number)] });
  }

  function show(step) {
    if (current === step) return;
    current = step;
    panel.hidden = false;
    page.classList.add("open");
    replace(panel, stepPanel(step, run, { close, open: (other) => open(other, true) }));
    panel.scrollTop = 0;
    chart.mark(step);
  }

  function hide() {
    current = null;
    panel.hidden = true;
    page.classList.remove("open");
    replace(panel);
    chart.mark(null);
  }

  function close() {
    go(runLink(id), { silent: true });
    apply({ parts: [id] });
    chart.list.focus();
  }

  async function remove() {
    try {
      await deleteRun(id);
      go(listLink());
    } catch (error) {
      fail(error);
    }
  }
}

function title(run, step) {
  const name = plain(run.name, 60) || "Unnamed run";
  const place = step === undefined ? "" : `Step ${step.number} of `;
  document.title = `${place}${name} – Gentrace, local`;
}

function header(run, remove) {
  const tokens = totalTokens(run.steps);
  const facts = [
    [
      "Started",
      h(
        "time",
        {
          datetime: isoDate(run.start ?? run.createdAt),
          title: fullDate(run.start ?? run.createdAt),
        },
        when(run.start ?? run.createdAt),
      ),
    ],
    ["Duration", duration(run.duration)],
    ["Steps", number(run.steps.length)],
    run.failed ? ["Failed", h("span", { class: "failed" }, number(run.failed))] : null,
    tokens === null ? null : ["Tokens", number(tokens)],
    Number.isFinite(run.bytes) ? ["Size", bytes(run.bytes)] : null,
  ].filter(Boolean);
  return h(
    "div",
    { class: "run-head" },
    h(
      "nav",
      { class: "crumbs dim", "aria-label": "Breadcrumb" },
      h("a", { href: "#/runs" }, "Runs"),
      " / ",
      h("a", { href: pipelineLink(run.name) }, shownName(run.name || UNNAMED, 60)),
    ),
    h(
      "div",
      { class: "title" },
      h("h1", { tabindex: "-1" }, shownName(run.name || UNNAMED)),
      actions(run, remove),
    ),
    h(
      "dl",
      { class: "facts" },
      facts.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
    ),
    run.error === null
      ? null
      : h(
          "div",
          { class: "error-box", tabindex: "0", role: "region", "aria-label": "Error of the run" },
          h("b", {}, "Failed: "),
          shown(cut(run.error, 2000)),
        ),
    Object.keys(run.more).length === 0
      ? null
      : h(
          "details",
          { class: "more" },
          h("summary", {}, "Other properties"),
          jsonTree(run.more, "Other properties"),
        ),
    run.steps.length > MANY ? overviewOfSteps(run, run.span) : null,
  );
}

function actions(run, remove) {
  return h(
    "div",
    { class: "actions" },
    h("a", { class: "button quiet", href: link(["compare", run.id]) }, "Compare"),
    copyButton(() => run.text, "the run as JSON"),
    deleteButtons(remove),
  );
}

/** A delete button that asks for confirmation in place. */
function deleteButtons(remove) {
  const place = h("span", { class: "line", onkeydown: (event) => leave(event) });
  let isAsking = false;
  const ask = () => {
    isAsking = true;
    const keep = h("button", { type: "button", class: "quiet", onclick: () => rest(true) }, "Keep");
    replace(
      place,
      h("button", { type: "button", class: "danger", onclick: remove }, "Delete for good"),
      keep,
    );
    keep.focus();
  };
  const rest = (hadFocus) => {
    isAsking = false;
    const button = h("button", { type: "button", class: "quiet", onclick: ask }, "Delete");
    replace(place, button);
    if (hadFocus) button.focus();
  };
  const leave = (event) => {
    if (event.key !== "Escape" || !isAsking) return;
    event.preventDefault();
    rest(true);
  };
  rest(false);
  return place;
}

function filterField(chart, run) {
  const found = h("span", { class: "dim", role: "status" });
  const failed = h("input", { type: "checkbox" });
  const text = h("input", {
    type: "search",
    placeholder: "Find steps",
    "aria-label": "Find steps",
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
  });
  const zoom = h("input", { type: "checkbox", onchange: () => chart.zoom(zoom.checked) });
  const filter = () => {
    const count = chart.filter(text.value.trim(), failed.checked);
    found.textContent =
      count === run.steps.length ? "" : `${number(count)} of ${counted(run.steps.length, "step")}`;
  };
  return h(
    "form",
    { class: "filters", onsubmit: (event) => event.preventDefault(), oninput: filter },
    h("div", { class: "search" }, text, h("kbd", { "aria-hidden": "true" }, "/")),
    run.failed ? h("label", { class: "check" }, failed, "Failed only") : null,
    run.steps.length > MANY
      ? h("label", { class: "check" }, zoom, "Zoom to the steps in sight")
      : null,
    found,
    h(
      "span",
      { class: "keys dim", "aria-hidden": "true" },
      h("kbd", {}, "↑"),
      h("kbd", {}, "↓"),
      " step  ",
      h("kbd", {}, "Esc"),
      " back",
    ),
  );
}

function missing(main, id) {
  document.title = "No such run – Gentrace, local";
  replace(
    main,
    h(
      "div",
      { class: "empty" },
      h("h1", { tabindex: "-1" }, "No such run"),
      h(
        "p",
        {},
        "There is no run ",
        h("code", {}, shownName(id, 60)),
        ". It may have been deleted.",
      ),
      h("a", { class: "button main", href: "#/runs" }, "See all runs"),
    ),
  );
  return { escape: () => go(listLink()) };
}
