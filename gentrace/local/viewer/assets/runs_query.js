// The filters of the list of runs, in the URL of the page and in queries to the server.

const PERIODS = {
  "15m": 15 * 60_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 7 * 86_400_000,
  "30d": 30 * 86_400_000,
};

/** The options of the filter by the time of storing, by their values in the URL. */
export const TIMES = [
  ["", "Stored any time"],
  ["15m", "Stored in the last 15 minutes"],
  ["1h", "Stored in the last hour"],
  ["24h", "Stored in the last 24 hours"],
  ["7d", "Stored in the last 7 days"],
  ["30d", "Stored in the last 30 days"],
  ["custom", "Stored from … to …"],
];

/** `{name, time, from, to, text, slow, errors}`; a filter that is not set is an empty string. */
export function readFilters(query) {
  const get = (name) => query.get(name) ?? "";
  const time = TIMES.some(([value]) => value === get("time")) ? get("time") : "";
  return {
    name: get("name"),
    time,
    from: get("from"),
    to: get("to"),
    text: get("text"),
    slow: /^\d+$/.test(get("slow")) ? get("slow") : "",
    errors: get("errors") === "1" ? "1" : "",
  };
}

/** The query to the server, with relative times resolved at `now`. */
export function queryOf(filters, now = Date.now()) {
  const query = {};
  if (filters.name) query.name = filters.name;
  if (filters.text) query.text = wordsOf(filters.text);
  if (filters.slow) query.min_duration = filters.slow;
  if (filters.errors) query.has_error = "true";
  if (filters.time in PERIODS) query.since = new Date(now - PERIODS[filters.time]).toISOString();
  if (filters.time === "custom") {
    query.since = toIso(filters.from);
    query.until = toIso(filters.to);
  }
  return query;
}

export function hasFilters(filters) {
  return Object.values(filters).some((value) => value !== "");
}

/** The words to search for; the last one is a prefix, as the user may still be typing it. */
function wordsOf(text) {
  return /[*"]$/.test(text) ? text : `${text}*`;
}

/** A local date and time of an input; null if it is none. */
function toIso(local) {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
