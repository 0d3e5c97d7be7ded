// The differences between two JSON values, leaf by leaf.

import { isNested } from "./json_kinds.js";

// How many values are visited; beyond that, subtrees are compared as text.
const MAX_VISITED = 50_000;

/** Up to `limit` leaves that differ: `{path, before, after}`, undefined where a side lacks it. */
export function differences(before, after, limit = 100) {
  const found = [];
  const budget = { left: MAX_VISITED };
  compare("", before, after, found, limit, budget);
  return found;
}

/** The part in which two texts differ: `{start, beforeEnd, afterEnd}`. */
export function changedPart(before, after) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  // Do not split a surrogate pair.
  if (start > 0 && isHalf(before, start - 1, HIGH)) start -= 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  if (end > 0 && isHalf(before, before.length - end, LOW)) end -= 1;
  return { start, beforeEnd: before.length - end, afterEnd: after.length - end };
}

/** Pairs of steps of two runs: the n-th step of a provider and invocation with the n-th. */
export function pairSteps(before, after) {
  const candidates = new Map();
  for (const step of after) {
    const key = keyOf(step);
    if (!candidates.has(key)) candidates.set(key, []);
    candidates.get(key).push(step);
  }
  const next = new Map();
  const pairs = before.map((step) => {
    const key = keyOf(step);
    const occurrence = next.get(key) ?? 0;
    next.set(key, occurrence + 1);
    return [step, candidates.get(key)?.[occurrence] ?? null];
  });
  const taken = new Set(pairs.map(([, step]) => step));
  return [...pairs, ...after.filter((step) => !taken.has(step)).map((step) => [null, step])];
}

function compare(path, before, after, found, limit, budget) {
  budget.left -= 1;
  if (found.length >= limit || before === after) return;
  if (budget.left < 0) {
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      found.push({ path: path || "value", before, after });
    }
  } else if (isNested(before) && isNested(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of keysOf(before, after)) {
      compare(
        join(path, key, Array.isArray(before)),
        own(before, key),
        own(after, key),
        found,
        limit,
        budget,
      );
    }
  } else {
    found.push({ path: path || "value", before, after });
  }
}

// The upper bits of the two halves of a surrogate pair.
const HIGH = 0x36;
const LOW = 0x37;

/** Whether there is a HIGH or LOW surrogate at an index of a text. */
function isHalf(text, at, kind) {
  return text.charCodeAt(at) >> 10 === kind;
}

function keysOf(before, after) {
  return new Set([...Object.keys(before), ...Object.keys(after)]);
}

function own(object, key) {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function join(path, key, isArray) {
  if (isArray) return `${path}[${key}]`;
  return path ? `${path}.${key}` : key;
}

function keyOf(step) {
  return `${step.name}\n${step.invocation}`;
}
