// JSON values that are neither objects nor arrays.

import { h } from "./dom.js";
import { textBlock } from "./long_text.js";
import { shown } from "./text.js";

const ONE_LINE = 100;

/** A string, number, boolean or null. `label` names a long text for screen readers. */
export function scalar(value, label) {
  if (value === null) return h("span", { class: "json-null" }, "null");
  if (typeof value !== "string") return h("span", { class: `json-${typeof value}` }, String(value));
  if (isBlock(value)) return textBlock(value, label);
  if (value === "") return h("span", { class: "json-string dim" }, "empty text");
  return h("span", { class: "json-string" }, shown(value));
}

/** Whether a value is shown as a block of its own. */
export function isBlock(value) {
  return typeof value === "string" && (value.length > ONE_LINE || value.includes("\n"));
}
