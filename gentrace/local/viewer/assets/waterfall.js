// The waterfall chart of a run: each step is a bar on the time axis.

import { colourOf } from "./colours.js";
import { h, replace, s } from "./dom.js";
import { duration, roundDuration } from "./format.js";
import { ticks } from "./lanes.js";
import { runLink } from "./router.js";
import { plain, shownName } from "./text.js";
import { VirtualList } from "./virtual_list.js";

const NARROW = window.matchMedia("(max-width: 719px)");
const TICK_WIDTH = 90;
// The share of the axis that a bar takes at least, as one without width is not drawn.
const SHORTEST = 0.0025;

/**
 * Make the chart: `element`, `list`, `start()` to call once it is in the page, `mark(step)`,
 * `filter(text, failed)`, and `zoom(isOn)` to the time of the visible steps.
 */
export function waterfall(run, { onmove }) {
  const whole = { from: 0, span: Math.max(run.span, 1e-9) };
  let time = whole;
  let isZoomed = false;
  let steps = run.ordered;
  let marked = null;
  const axis = h("div", { class: "axis", "aria-hidden": "true" });
  const list = new VirtualList({
    label: "Steps in the order of their start",
    rowHeight: () => (NARROW.matches ? 46 : 30),
    row: (index) => stepRow(run, steps[index], time, steps[index] === marked, marks),
    onmove: (index) => onmove(steps[index]),
    onsight: (first, end) => {
      if (isZoomed) show(timeOf(steps.slice(first, end), whole));
    },
  });
  let marks = [0];
  const resize = new ResizeObserver(() => drawAxis());
  const element = h("div", { class: "waterfall" }, axis, list.element);
  return { element, list, start, mark, filter, zoom };

  function start() {
    resize.observe(axis);
    drawAxis();
    list.setCount(steps.length);
  }

  function drawAxis() {
    const track = axis.querySelector(".axis-track");
    const width = track?.clientWidth || axis.clientWidth * 0.6;
    marks = ticks(time, Math.max(2, Math.floor(width / TICK_WIDTH)));
    const labels = marks.map((mark) => {
      const label = h("span", { class: mark === time.from ? "first" : null }, roundDuration(mark));
      label.style.left = percentOf(mark - time.from, time);
      return label;
    });
    replace(
      axis,
      h("span", {}, "Step"),
      h("div", { class: "axis-track" }, labels),
      h("span", { class: "duration" }, "Time"),
    );
    list.refresh();
  }

  function zoom(isOn) {
    isZoomed = isOn;
    if (isOn) list.refresh();
    else show(whole);
  }

  /** Set the time span of the axis; drawn later, as the list calls this while it draws. */
  function show(next) {
    if (next.from === time.from && next.span === time.span) return;
    time = next;
    requestAnimationFrame(drawAxis);
  }

  function mark(step) {
    marked = step;
    const index = steps.indexOf(step);
    if (index >= 0) list.select(index);
    list.refresh();
  }

  function filter(text, failedOnly) {
    const words = text.toLowerCase();
    steps = run.ordered.filter(
      (step) =>
        (!failedOnly || step.error !== null) &&
        `${step.name}\n${step.invocation}\n${step.error ?? ""}`.toLowerCase().includes(words),
    );
    list.setCount(steps.length);
    return steps.length;
  }
}

/** The time span of some steps, rounded so that it does not change with each row. */
function timeOf(steps, whole) {
  const from = steps.reduce((least, step) => Math.min(least, step.offset), Infinity);
  const to = steps.reduce((most, step) => Math.max(most, step.offset + step.length), 0);
  if (!(to > from)) return whole;
  const unit = 10 ** Math.floor(Math.log10(to - from)) / 2;
  const start = Math.floor(from / unit) * unit;
  return { from: start, span: Math.ceil((to - start) / unit) * unit };
}

function percentOf(length, time) {
  return `${((length / time.span) * 100).toFixed(3)}%`;
}

function stepRow(run, step, time, isOpen, marks) {
  const name = plain(step.name || "step", 80);
  const title = `${step.number}. ${name} ${plain(step.invocation, 80)}`;
  return h(
    "a",
    {
      class: `step-row${isOpen ? " open" : ""}${step.error === null ? "" : " failed-row"}`,
      href: runLink(run.id, step.number),
      "aria-current": isOpen ? "true" : null,
      title,
    },
    h(
      "span",
      { class: "label" },
      h("span", { class: "number dim" }, String(step.number)),
      h("span", { class: `dot c${colourOf(step.name)}`, "aria-hidden": "true" }),
      h("span", { class: "name" }, shownName(step.name || "step", 80)),
      h("span", { class: "invocation dim" }, shownName(step.invocation, 80)),
    ),
    bar(step, time, marks),
    h(
      "span",
      { class: "duration" },
      step.error === null
        ? null
        : h(
            "span",
            { class: "failed" },
            h("span", { "aria-hidden": "true" }, "✕ "),
            h("span", { class: "hidden" }, "failed, "),
          ),
      duration(step.duration),
    ),
  );
}

function bar(step, time, marks) {
  const kind = step.error === null ? `bar c${colourOf(step.name)}` : "bar failed";
  const lines = marks.map((mark) => {
    const x = percentOf(mark - time.from, time);
    return s("line", { class: "grid", x1: x, x2: x, y1: 0, y2: "100%" });
  });
  return s(
    "svg",
    { class: "track", "aria-hidden": "true", focusable: "false" },
    lines,
    s("rect", {
      class: step.isPlaced ? kind : `${kind} unplaced`,
      rx: 2,
      y: "28%",
      height: "44%",
      x: percentOf(step.offset - time.from, time),
      width: percentOf(Math.max(step.length, time.span * SHORTEST), time),
    }),
  );
}
