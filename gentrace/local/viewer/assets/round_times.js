// Round times for the ticks of a time axis.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 60, 90, 180, 365].map((count) => count * DAY),
];

/** At most `most` round times between two, in the local time zone. */
export function roundTimes(from, to, most) {
  const step = STEPS.find((length) => (to - from) / length <= most);
  if (step === undefined) return [];
  // Round in local time, not in UTC.
  const zone = new Date(from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from - zone) / step) * step + zone;
  const times = [];
  for (let at = first; at <= to; at += step) times.push(at);
  return times;
}
