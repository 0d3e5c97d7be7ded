// The form that chooses two runs of a pipeline for a comparison.

import { h } from "./dom.js";
import { duration, fullDate, isoDate, when } from "./format.js";
import { overview } from "./overview.js";
import { go, link, runLink } from "./router.js";
import { errorMark } from "./runs_row.js";

const MAX_RUNS = 12;

export function runPicker(runs) {
  const chosen = [];
  const button = h("button", { type: "submit", class: "main", disabled: true }, "Compare");
  const boxes = runs.slice(0, MAX_RUNS).map((run) => {
    const box = h("input", {
      type: "checkbox",
      "aria-label": `Run of ${fullDate(new Date(run.at))}, ${duration(run.duration)}`,
    });
    box.addEventListener("change", () => choose(box, run));
    return [box, run];
  });
  return h(
    "form",
    { class: "picker", onsubmit: submit },
    h(
      "ul",
      {},
      boxes.map(([box, run]) =>
        h(
          "li",
          {},
          h(
            "label",
            {},
            box,
            errorMark(run.stored),
            h("time", { datetime: isoDate(new Date(run.at)) }, when(new Date(run.at))),
            overview(run.timeline, run.duration, { height: 16, most: 4 }),
            h("span", { class: "duration" }, duration(run.duration)),
          ),
          h(
            "a",
            {
              href: runLink(run.id),
              "aria-label": `Open the run of ${fullDate(new Date(run.at))}`,
            },
            "open",
          ),
        ),
      ),
    ),
    h(
      "div",
      { class: "line" },
      button,
      h("span", { class: "dim small" }, `Choose two of the latest ${boxes.length}.`),
    ),
  );

  function choose(box, run) {
    const at = chosen.findIndex(([other]) => other === box);
    if (at >= 0) chosen.splice(at, 1);
    if (box.checked) chosen.push([box, run]);
    // A third choice replaces the first.
    if (chosen.length > 2) chosen.shift()[0].checked = false;
    button.disabled = chosen.length !== 2;
  }

  function submit(event) {
    event.preventDefault();
    const [older, newer] = chosen.map(([, run]) => run).sort((a, b) => a.at - b.at);
    go(link(["compare", older.id, newer.id]));
  }
}
