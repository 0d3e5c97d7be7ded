// What differs between two values of JSON, leaf by leaf.

// Leaves that are compared one by one; beyond them, what is left is compared as a whole.
const MOST_VISITED = 50_000;

/** `{path, before, after}` of the leaves that differ, at most so many; undefined is not there. */
export function differences(before, after, most = 100) {
  const found = [];
  const budget = { left: MOST_VISITED };
  compare("", before, after, found, most, budget);
  return found;
}

/** Where two texts begin and end to differ: `{start, beforeEnd, afterEnd}`. */
export function changedPart(before, after) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  // Not in the middle of a character of two halves.
  if (start > 0 && isHalf(before, start - 1, HIGH)) start -= 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  if (end > 0 && isHalf(before, before.length - end, LOW)) end -= 1;
  return { start, beforeEnd: before.length - end, afterEnd: after.length - end };
}

/** Steps of two runs side by side: the n-th call of something with the n-th call of the same. */
export function pairSteps(before, after) {
  const waiting = new Map();
  for (const step of after) {
    const key = keyOf(step);
    if (!waiting.has(key)) waiting.set(key, []);
    waiting.get(key).push(step);
  }
  const next = new Map();
  const pairs = before.map((step) => {
    const key = keyOf(step);
    const turn = next.get(key) ?? 0;
    next.set(key, turn + 1);
    return [step, waiting.get(key)?.[turn] ?? null];
  });
  const taken = new Set(pairs.map(([, step]) => step));
  return [...pairs, ...after.filter((step) => !taken.has(step)).map((step) => [null, step])];
}

function compare(path, before, after, found, most, budget) {
  budget.left -= 1;
  if (found.length >= most || before === after) return;
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
        most,
        budget,
      );
    }
  } else {
    found.push({ path: path || "value", before, after });
  }
}

const HIGH = 0x36;
const LOW = 0x37;

/** Whether a text has the first or second half of a character there. */
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

function isNested(value) {
  return typeof value === "object" && value !== null;
}

function keyOf(step) {
  return `${step.name}\n${step.invocation}`;
}
