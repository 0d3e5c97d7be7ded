// Medians and percentiles, of all runs and by period.

const MAX_PERIODS = 32;

export function median(values) {
  return percentile(values, 50);
}

/** The nearest-rank percentile, as on the server; null without values. */
export function percentile(values, percent) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1];
}

/** The runs in periods of equal length: `{from, to, runs, failed, median, p95}`. */
export function periods(runs) {
  if (runs.length === 0) return [];
  const times = runs.map(({ at }) => at);
  const first = Math.min(...times);
  const last = Math.max(Math.max(...times), first + 1000);
  const count = Math.max(1, Math.min(MAX_PERIODS, Math.ceil(runs.length / 5)));
  const length = (last - first) / count;
  const parts = Array.from({ length: count }, (_, index) => ({
    from: first + index * length,
    to: first + (index + 1) * length,
    runs: [],
  }));
  for (const run of runs)
    parts[Math.min(count - 1, Math.floor((run.at - first) / length))].runs.push(run);
  return parts.map((part) => {
    const durations = part.runs.map(({ duration }) => duration).filter(Number.isFinite);
    const failed = part.runs.filter(({ isFailed }) => isFailed).length;
    return { ...part, failed, median: median(durations), p95: percentile(durations, 95) };
  });
}
