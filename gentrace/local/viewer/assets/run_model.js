// A stored run as the views need it: each step with its place on the time axis, whatever is missing.

/** Read a RUN of the server together with its body. */
export function readRun(run) {
  const body = run.pipelineRun ?? {};
  const raw = Array.isArray(body.stepRuns) ? body.stepRuns : [];
  const steps = raw.map(readStep);
  const base = Math.min(...steps.filter(({ start }) => start !== null).map(({ start }) => start));
  let end = 0;
  for (const step of steps) {
    step.isPlaced = step.start !== null;
    // A step without a time of its own is put after those before it.
    step.offset = step.isPlaced ? step.start - base : end;
    end = Math.max(end, step.offset + (step.duration ?? 0));
  }
  const ordered = [...steps].sort((a, b) => a.offset - b.offset || a.index - b.index);
  return {
    id: run.pipelineRunId,
    name: text(body.name ?? run.name),
    createdAt: new Date(run.createdAt),
    start: Number.isFinite(base) ? new Date(base) : null,
    span: end,
    duration: run.duration,
    bytes: run.bytes,
    error: errorOf(body),
    failed: steps.filter(({ error }) => error !== null).length,
    steps,
    ordered,
    body,
  };
}

/** The words of an `error` property; null where there is none. */
export function errorOf(object) {
  const error = object?.error;
  if (error === undefined || error === null || error === "" || error === false) return null;
  return text(error);
}

/** Milliseconds since 1970 of an RFC 3339 date, with its fraction; null if it is none. */
export function parseDate(value) {
  if (typeof value !== "string") return null;
  const upper = value.toUpperCase().replace(/:60(?=[.Z+-])/, ":59");
  const fraction = /\.(\d+)/.exec(upper);
  const ms = Date.parse(upper.replace(/\.\d+/, ""));
  if (Number.isNaN(ms)) return null;
  return fraction === null ? ms : ms + Number(`0.${fraction[1]}`) * 1000;
}

function readStep(raw, index) {
  const provider = isObject(raw.provider) ? raw.provider : {};
  const start = parseDate(raw.startTime);
  const end = parseDate(raw.endTime);
  let duration = Number.isFinite(raw.elapsedTime) ? Math.max(0, raw.elapsedTime) : null;
  if (duration === null && start !== null && end !== null) duration = Math.max(0, end - start);
  return {
    index,
    number: index + 1,
    name: text(provider.name ?? ""),
    invocation: text(provider.invocation ?? ""),
    start: start ?? (end === null || duration === null ? null : end - duration),
    duration,
    error: errorOf(raw),
    provider,
    raw,
  };
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
