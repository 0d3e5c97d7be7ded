// A row of the list of runs: error mark, name, date, small timeline, duration, steps.

import { h } from "./dom.js";
import { counted, duration, fullDate, isoDate, number, when } from "./format.js";
import { overview } from "./overview.js";
import { runLink } from "./router.js";
import { plain, shownName, UNNAMED } from "./text.js";

// A run that is stored so many milliseconds after its end was recorded earlier, such as a file's.
const LATE = 60_000;
const NARROW = window.matchMedia("(max-width: 719px)");

/** The height of a row in pixels, at the current width of the page. */
export function rowHeight() {
  return NARROW.matches ? 62 : 36;
}

/** The row of a run, a link to it. */
export function runRow(run, onopen = null) {
  const date = new Date(run.startTime ?? run.createdAt);
  const stored = new Date(run.createdAt);
  const isLate = stored - date - (run.duration ?? 0) > LATE;
  return h(
    "a",
    { class: "run-row", href: runLink(run.pipelineRunId), onclick: onopen },
    errorMark(run),
    h(
      "span",
      { class: "what" },
      h(
        "span",
        { class: "name", title: plain(run.name || UNNAMED) },
        shownName(run.name || UNNAMED),
      ),
      run.error
        ? [
            " ",
            h("span", { class: "why failed", title: plain(run.error) }, shownName(run.error, 100)),
          ]
        : null,
    ),
    h(
      "span",
      { class: "when dim" },
      h("time", { datetime: isoDate(date), title: fullDate(date) }, when(date)),
      isLate ? h("small", { title: `Stored ${fullDate(stored)}` }, `stored ${when(stored)}`) : null,
    ),
    overview(run.timeline ?? [], run.duration, { height: 18, most: 5 }),
    h("span", { class: "duration" }, duration(run.duration)),
    h(
      "span",
      { class: "steps dim" },
      number(run.steps),
      h("span", { class: "noun" }, run.steps === 1 ? " step" : " steps"),
    ),
  );
}

/** The mark of a run that failed or has a failed step. */
export function errorMark(run) {
  if (!run.error && !run.failedSteps) return h("span", { class: "mark" });
  const failed = run.failedSteps ? counted(run.failedSteps, "failed step") : "";
  const words = [run.error && plain(run.error, 120), failed].filter(Boolean).join(" · ");
  return h(
    "span",
    { class: "mark failed", title: words },
    h("span", { "aria-hidden": "true" }, "✕"),
    h("span", { class: "hidden" }, "With errors: "),
  );
}
