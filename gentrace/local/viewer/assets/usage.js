// The usage that a model reports, such as input and output tokens.

import { h } from "./dom.js";
import { number } from "./format.js";
import { isNested, isObject } from "./json_kinds.js";
import { shownName } from "./text.js";

const MAX_COUNTS = 24;

/** `[name, count]` of the numbers in a step's `usage`; null if there are none. */
export function usageOf(step) {
  const usage = step.provider.outputs?.usage ?? step.raw.usage ?? step.provider.usage;
  if (!isNested(usage)) return null;
  const counts = [];
  for (const [name, value] of Object.entries(usage)) {
    if (Number.isFinite(value)) counts.push([name, value]);
    else if (isObject(value)) {
      for (const [inner, count] of Object.entries(value))
        if (Number.isFinite(count)) counts.push([inner, count]);
    }
  }
  return counts.length > 0 ? counts.slice(0, MAX_COUNTS) : null;
}

export function usageList(counts) {
  return h(
    "dl",
    { class: "facts" },
    counts.map(([name, count]) =>
      h(
        "div",
        {},
        h("dt", {}, shownName(name.replaceAll("_", " "), 40)),
        h("dd", {}, number(count)),
      ),
    ),
  );
}

/** The sum of the tokens of all steps; null if no step reports any. */
export function totalTokens(steps) {
  let total = null;
  for (const step of steps) {
    const counts = new Map(usageOf(step) ?? []);
    const sides = [
      ["prompt_tokens", "completion_tokens"],
      ["input_tokens", "output_tokens"],
    ];
    const both = sides
      .map(([a, b]) => (counts.get(a) ?? 0) + (counts.get(b) ?? 0))
      .find((sum) => sum > 0);
    const tokens = counts.get("total_tokens") ?? both;
    if (tokens !== undefined) total = (total ?? 0) + tokens;
  }
  return total;
}
