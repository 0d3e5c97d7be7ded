// JSON as a collapsible tree. Collapsed nodes are not in the DOM; long arrays expand in groups.

import { copyButton } from "./copy.js";
import { h } from "./dom.js";
import { number } from "./format.js";
import { isNested } from "./json_kinds.js";
import { isBlock, scalar } from "./json_value.js";
import { plain, shownName } from "./text.js";

const GROUP = 100;
const OPEN_DEPTH = 3;
const OPEN_ROWS = 60;
const ROWS_BY_HAND = 30;

/** The tree of an object or an array; `folded` collapses even its first level. */
export function jsonTree(value, label, { folded = false } = {}) {
  if (!isNested(value)) return h("div", { class: "json" }, scalar(value, label));
  const budget = { rows: folded ? 0 : OPEN_ROWS };
  const tree = folded
    ? node("JSON", value, 0, budget, { isTitle: true })
    : children(value, 0, budget);
  return h("div", { class: "json" }, tree);
}

function children(value, depth, budget) {
  const entries = Array.isArray(value) ? null : Object.entries(value);
  const count = entries === null ? value.length : entries.length;
  const at = (index) => (entries === null ? [index, value[index]] : entries[index]);
  if (count === 0) return h("p", { class: "dim" }, "empty");
  budget.rows -= Math.min(count, GROUP);
  return count <= GROUP ? rows(at, 0, count, depth, budget) : groups(at, 0, count, depth);
}

function rows(at, from, to, depth, budget) {
  const list = h("ul", {});
  for (let index = from; index < to; index += 1) {
    const [key, value] = at(index);
    list.append(h("li", {}, isNested(value) ? node(key, value, depth + 1, budget) : leaf(key, value)));
  }
  return list;
}

/** Long arrays in groups of 100, and groups of groups, so that no level has more than 100. */
function groups(at, from, to, depth) {
  let size = GROUP;
  while ((to - from) / size > GROUP) size *= GROUP;
  const list = h("ul", {});
  for (let start = from; start < to; start += size) {
    const end = Math.min(to, start + size);
    const inside = () =>
      size === GROUP ? rows(at, start, end, depth, { rows: 0 }) : groups(at, start, end, depth);
    list.append(
      h(
        "li",
        {},
        lazy([h("span", { class: "dim" }, `${number(start)} … ${number(end - 1)}`)], inside, false),
      ),
    );
  }
  return list;
}

function node(key, value, depth, budget, { isTitle = false } = {}) {
  const isArray = Array.isArray(value);
  const count = isArray ? value.length : Object.keys(value).length;
  const size = `${isArray ? "[" : "{"}${number(count)}${isArray ? "]" : "}"}`;
  const label = isTitle ? h("span", { class: "dim" }, key) : keyOf(key);
  const summary = [
    label,
    " ",
    h("span", { class: "dim" }, size),
    " ",
    h("span", { class: "preview dim" }, preview(value)),
  ];
  const isOpen = depth <= OPEN_DEPTH && budget.rows >= count && count <= GROUP && !isNumbers(value);
  // A node that the user expands has its own budget of rows.
  const make = () =>
    isOpen ? children(value, depth, budget) : children(value, 0, { rows: ROWS_BY_HAND });
  return lazy(
    summary,
    make,
    isOpen,
    copyButton(() => JSON.stringify(value, null, 2), `value of ${plain(String(key), 40)}`),
  );
}

function lazy(summary, make, isOpen, copy = null) {
  const details = h("details", {}, h("summary", {}, summary));
  let isMade = false;
  const fill = () => {
    if (isMade || !details.open) return;
    isMade = true;
    details.append(...[copy, make()].filter(Boolean));
  };
  details.open = isOpen;
  fill();
  details.addEventListener("toggle", fill);
  return details;
}

function leaf(key, value) {
  if (!isBlock(value))
    return h("div", { class: "leaf" }, keyOf(key), " ", scalar(value, String(key)));
  return h("div", { class: "leaf block" }, keyOf(key), scalar(value, plain(String(key), 40)));
}

function keyOf(key) {
  return h(
    "span",
    { class: typeof key === "number" ? "json-index" : "json-key" },
    shownName(String(key)),
    ":",
  );
}

/** The first few values, on one line. */
function preview(value) {
  const some = Array.isArray(value) ? value.slice(0, 4) : Object.keys(value).slice(0, 4);
  const words = some.map((item) => (isNested(item) ? "…" : plain(String(item), 24)));
  return words.join(", ");
}

function isNumbers(value) {
  return Array.isArray(value) && value.length > 8 && typeof value[0] === "number";
}
