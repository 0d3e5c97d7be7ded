// A table of the differences between two steps, A and B.

import { h } from "./dom.js";
import { changedPart } from "./differences.js";
import { cut, shown, shownName } from "./text.js";

const MAX_TEXT = 1200;
// How many characters of context are shown around a difference of two texts.
const AROUND = 160;

export function differenceTable(found) {
  return h(
    "div",
    { class: "table-box" },
    h(
      "table",
      { class: "differences" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Where", "A", "B"].map((column) => h("th", { scope: "col" }, column)),
        ),
      ),
      h("tbody", {}, found.map(row)),
    ),
  );
}

function row({ path, before, after }) {
  const [a, b] =
    typeof before === "string" && typeof after === "string"
      ? markTexts(before, after)
      : [whole(before), whole(after)];
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "mono" }, shownName(path, 120)),
    h("td", {}, a),
    h("td", {}, b),
  );
}

function markTexts(before, after) {
  const { start, beforeEnd, afterEnd } = changedPart(before, after);
  return [marked(before, start, beforeEnd), marked(after, start, afterEnd)];
}

function marked(text, start, end) {
  const from = Math.max(0, start - AROUND);
  const to = Math.min(text.length, end + AROUND);
  return h(
    "span",
    { class: "text" },
    from > 0 ? "…" : "",
    shown(text.slice(from, start)),
    h("mark", {}, shown(cut(text.slice(start, end), MAX_TEXT))),
    shown(text.slice(end, to)),
    to < text.length ? "…" : "",
  );
}

function whole(value) {
  if (value === undefined) return h("span", { class: "dim" }, "not there");
  if (typeof value === "string") return h("mark", { class: "text" }, shown(cut(value, MAX_TEXT)));
  const text = JSON.stringify(value, null, 2);
  return h("mark", { class: "text mono" }, shown(cut(text, MAX_TEXT)));
}
