// The frame of a chart over time: its grid, its labels and the scales of its axes.

import { h, s } from "./dom.js";
import { axisDate } from "./format.js";
import { roundTimes } from "./round_times.js";

const LEFT = 56;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;
// The width of a date label with its margin, in pixels.
const LABEL = 100;

/**
 * Make a chart that fills its width: `draw({svg, x, y, width})` draws the content of the frame.
 *
 * `from` and `to` are milliseconds since 1970, `values` the labelled values of the other axis from 0
 * to `most`, `label` the text for screen readers.
 */
export function timeChart({ from, to, most, values, name, height, label, draw }) {
  const box = h("div", { class: "chart" });
  const render = () => {
    const width = Math.max(240, box.clientWidth);
    const x = (at) => LEFT + ((at - from) / Math.max(1, to - from)) * (width - LEFT - RIGHT);
    const y = (value) => height - BOTTOM - (value / most) * (height - TOP - BOTTOM);
    const svg = s("svg", {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": label,
    });
    svg.append(...grid(values, y, width, name), ...dates(from, to, x, width, height));
    draw({ svg, x, y, width });
    box.replaceChildren(svg);
  };
  new ResizeObserver(render).observe(box);
  return box;
}

function grid(values, y, width, name) {
  return values.flatMap((value) => [
    s("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
    s("text", { class: "tick", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, name(value)),
  ]);
}

function dates(from, to, x, width, height) {
  const most = Math.max(2, Math.floor((width - LEFT) / LABEL));
  const fits = (at) => x(at) >= LEFT && x(at) + LABEL / 2 <= width;
  const round = roundTimes(from, to, most).filter(fits);
  const label = (at, anchor) =>
    s(
      "text",
      { class: "tick", x: x(at), y: height - 6, "text-anchor": anchor },
      axisDate(new Date(at), to - from),
    );
  // With fewer than two labels, the length of the axis would not be visible.
  if (round.length < 2) return [label(from, "start"), label(to, "end")];
  return round.map((at) => label(at, "middle"));
}
