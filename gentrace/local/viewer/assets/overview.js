// A small picture of a whole run: its steps as bars on the time axis.

import { colourOf } from "./colours.js";
import { s } from "./dom.js";
import { lanesOf } from "./lanes.js";

const MAX_LANES = 8;
const MAX_BARS = 20_000;
const WIDTH = 1000;

/** Draw the steps of a run over `span` milliseconds. */
export function overviewOfSteps({ steps }, span) {
  const bars = steps
    .slice(0, MAX_BARS)
    .map((step) => [step.offset, step.length, step.error !== null, step.name]);
  return overview(bars, span, { height: 44 });
}

/** Draw `[offset, duration, failed, provider]` bars over `span` milliseconds. */
export function overview(bars, span, { height, most = MAX_LANES }) {
  const ordered = bars.filter((bar) => Array.isArray(bar)).sort((a, b) => a[0] - b[0]);
  const lanes = lanesOf(ordered, most);
  const count = Math.max(1, ...lanes.map((lane) => lane + 1));
  const gap = count > 4 ? 0.5 : 1;
  const thick = Math.min(7, (height - gap * (count - 1)) / count);
  const top = (height - count * thick - (count - 1) * gap) / 2;
  const whole = Math.max(span ?? 0, ...ordered.map((bar) => bar[0] + (bar[1] ?? 0)), 1e-9);
  const paths = new Map();
  ordered.forEach(([offset, duration, failed, name], index) => {
    const from = (offset / whole) * WIDTH;
    const length = Math.max(((duration ?? 0) / whole) * WIDTH, 3);
    const x = Math.min(from, WIDTH - length);
    const y = top + lanes[index] * (thick + gap);
    const kind = failed ? "bar failed" : `bar c${colourOf(name ?? "")}`;
    const [left, up, wide, high] = [x, y, length, thick].map((value) => value.toFixed(1));
    const bar = `M${left} ${up}h${wide}v${high}h-${wide}z`;
    paths.set(kind, (paths.get(kind) ?? "") + bar);
  });
  // Failed steps are drawn last, on top.
  const kinds = [...paths.keys()].sort((a, b) => a.includes("failed") - b.includes("failed"));
  return s(
    "svg",
    {
      class: "overview",
      viewBox: `0 0 ${WIDTH} ${height}`,
      height,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      focusable: "false",
    },
    kinds.map((kind) => s("path", { class: kind, d: paths.get(kind) })),
  );
}
