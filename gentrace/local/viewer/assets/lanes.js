// Bars that overlap in time are drawn in lanes below each other.

/** The lane of each `[offset, duration]`, in the order of the offsets; the last lane takes the rest. */
export function lanesOf(spans, most) {
  const ends = [];
  return spans.map(([offset, duration]) => {
    let lane = ends.findIndex((end) => end <= offset);
    if (lane < 0) lane = ends.length < most ? ends.length : most - 1;
    ends[lane] = Math.max(ends[lane] ?? 0, offset + (duration ?? 0));
    return lane;
  });
}

/** Round numbers from 0 to `span`, about `count` of them. */
export function ticks(span, count) {
  if (!(span > 0)) return [0];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step);
}
