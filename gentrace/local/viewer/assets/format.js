// Numbers, sizes, durations and dates, formatted for readers.

const NUMBER = new Intl.NumberFormat();
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const TIME = new Intl.DateTimeFormat(undefined, CLOCK);
const DAY = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const TENTHS = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const HUNDREDTHS = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const MOMENT = new Intl.DateTimeFormat(undefined, { ...CLOCK, fractionalSecondDigits: 3 });
const YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const FULL = new Intl.DateTimeFormat(undefined, {
  ...CLOCK,
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  fractionalSecondDigits: 3,
  timeZoneName: "short",
});
const HALF_A_YEAR = 183 * 86_400_000;

export function number(value) {
  return NUMBER.format(value);
}

/** "1 step", "2 steps". */
export function counted(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Format milliseconds; null is unknown. */
export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${round(ms, ms < 10 && ms % 1 ? 1 : 0)} ms`;
  if (ms < 59_950) return `${(ms < 9_995 ? HUNDREDTHS : TENTHS).format(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${number(Math.round(minutes / 1440))} days`;
}

/** A round number of milliseconds, on an axis. */
export function roundDuration(ms) {
  if (ms === 0) return "0";
  return ms >= 1000 && ms < 60_000 ? `${round(ms / 1000, 2)} s` : duration(ms);
}

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${round(count / 1024, count < 10_240 ? 1 : 0)} KiB`;
  return `${round(count / 1024 / 1024, 1)} MiB`;
}

export function percent(share) {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1 %";
  return `${round(value, value < 10 && value % 1 ? 1 : 0)} %`;
}

/** A short date: the time if it is today, the day and time within half a year, else the date. */
export function when(date, now = new Date()) {
  if (!isDate(date)) return "–";
  if (date.toDateString() === now.toDateString()) return TIME.format(date);
  return (Math.abs(now - date) < HALF_A_YEAR ? DAY : YEAR).format(date);
}

export function fullDate(date) {
  return isDate(date) ? FULL.format(date) : "not known";
}

/** A point on an axis whose length is `span` milliseconds. */
export function axisDate(date, span) {
  if (span < 36 * 3_600_000) return TIME.format(date).slice(0, span < 600_000 ? undefined : 5);
  return (span < 8 * 86_400_000 ? DAY : DATE).format(date);
}

/** The time of day to the millisecond. */
export function clock(date) {
  return isDate(date) ? MOMENT.format(date) : "not known";
}

/** The ISO form of a date, for `<time datetime>`. */
export function isoDate(date) {
  return isDate(date) ? date.toISOString() : null;
}

function isDate(date) {
  return date instanceof Date && !Number.isNaN(date.getTime());
}

function round(value, digits) {
  return new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value);
}
