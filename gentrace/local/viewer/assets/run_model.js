// The model of a stored run for the views: each step has a position on the time axis.

import { isObject } from "./json_kinds.js";

/** Make the model of a run that the server returned with its body. */
export function readRun(run) {
  const body = run.pipelineRun ?? {};
  const { name, stepRuns: _steps, error: _error, ...more } = body;
  const raw = Array.isArray(body.stepRuns) ? body.stepRuns : [];
  const steps = raw.map(readStep);
  const base = steps.reduce((least, { start }) => Math.min(least, start ?? Infinity), Infinity);
  let end = 0;
  let span = 0;
  for (const step of steps) {
    step.isPlaced = step.start !== null;
    // A step without a start time is placed after the one before it.
    step.offset = step.isPlaced ? step.start - base : end;
    end = step.offset + step.length;
    span = Math.max(span, end);
  }
  const ordered = [...steps].sort((a, b) => a.offset - b.offset || a.index - b.index);
  return {
    id: run.pipelineRunId,
    name: text(name ?? run.name),
    createdAt: new Date(run.createdAt),
    start: Number.isFinite(base) ? new Date(base) : null,
    span,
    duration: run.duration,
    bytes: run.bytes,
    error: errorOf(body),
    // Properties that the API does not declare.
    more,
    failed: steps.filter(({ error }) => error !== null).length,
    steps,
    ordered,
    text: run.text,
  };
}

/** The text of an `error` property; null if there is none. The server has the same rule. */
function errorOf(object) {
  const error = object?.error;
  const isEmpty = !error || (typeof error === "object" && Object.keys(error).length === 0);
  return isEmpty ? null : text(error);
}

/** Parse an RFC 3339 date to milliseconds since 1970, with fraction; null if it is invalid. */
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
  const between = start === null || end === null ? null : Math.max(0, end - start);
  const duration = Number.isFinite(raw.elapsedTime) ? Math.max(0, raw.elapsedTime) : between;
  return {
    index,
    number: index + 1,
    name: text(provider.name ?? ""),
    invocation: text(provider.invocation ?? ""),
    start: start ?? (end === null || duration === null ? null : end - duration),
    // `duration` is what the step states, `length` that of its bar.
    duration,
    length: between ?? duration ?? 0,
    error: errorOf(raw),
    provider,
    raw,
  };
}

function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
