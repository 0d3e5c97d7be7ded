// Layout on a time axis: lanes for bars that overlap, and the ticks of the axis.

/** The lane of each `[offset, duration]`, sorted by offset; bars without a lane share the last. */
export function lanesOf(spans, most) {
  const ends = [];
  return spans.map(([offset, duration]) => {
    let lane = ends.findIndex((end) => end <= offset);
    if (lane < 0) lane = ends.length < most ? ends.length : most - 1;
    ends[lane] = Math.max(ends[lane] ?? 0, offset + (duration ?? 0));
    return lane;
  });
}

/** Round numbers from `from` over `span`, about `count` of them. */
export function ticks({ from = 0, span }, count) {
  if (!(span > 1e-6)) return [from];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(from / step);
  const last = Math.floor((from + span) / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}
