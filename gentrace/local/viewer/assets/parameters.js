// The parameters of a model as a table; nested values are trees.

import { h } from "./dom.js";
import { isNested } from "./json_kinds.js";
import { jsonTree } from "./json_tree.js";
import { scalar } from "./json_value.js";
import { shownName } from "./text.js";

const MAX_ROWS = 200;

export function parameterTable(value, title) {
  const entries = typeof value === "object" ? Object.entries(value) : [];
  if (Array.isArray(value) || entries.length > MAX_ROWS) return jsonTree(value, title);
  return h(
    "div",
    { class: "table-box" },
    h(
      "table",
      { class: "parameters" },
      h(
        "thead",
        { class: "hidden" },
        h("tr", {}, h("th", { scope: "col" }, "Name"), h("th", { scope: "col" }, "Value")),
      ),
      h(
        "tbody",
        {},
        entries.map(([key, item]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, shownName(key)),
            h("td", {}, isNested(item) ? jsonTree(item, key) : scalar(item, key)),
          ),
        ),
      ),
    ),
  );
}
