// Embeddings: long arrays of numbers, drawn as small pictures.

import { h, s } from "./dom.js";
import { counted, number } from "./format.js";
import { isNested } from "./json_kinds.js";
import { plain, shownName } from "./text.js";

const SHORTEST = 32;
const MAX_PICTURES = 6;
const MAX_VISITED = 4000;
const COLUMNS = 160;
const HEIGHT = 44;

/** Pictures of the embeddings in a value; null if there are none. */
export function embeddings(value) {
  const found = findVectors(value);
  if (found.length === 0) return null;
  return h(
    "div",
    { class: "embeddings" },
    found.map(([path, vector]) => figure(path, vector)),
  );
}

function figure(path, vector) {
  const { least, most, norm } = rangeOf(vector);
  const words = [
    counted(vector.length, "number"),
    `from ${short(least)} to ${short(most)}`,
    `length of the vector ${short(norm)}`,
  ].join(", ");
  return h(
    "figure",
    {},
    picture(vector, Math.max(Math.abs(least), Math.abs(most)) || 1, `Embedding: ${words}`),
    h(
      "figcaption",
      {},
      h("span", { class: "mono" }, shownName(path, 60)),
      " ",
      h("b", {}, number(vector.length)),
      h(
        "span",
        { class: "dim" },
        ` numbers · ${short(least)} … ${short(most)} · norm ${short(norm)}`,
      ),
    ),
  );
}

/** Each column spans the minimum and maximum of its numbers. */
function picture(vector, most, label) {
  const columns = Math.min(COLUMNS, vector.length);
  const middle = HEIGHT / 2;
  let path = "";
  for (let column = 0; column < columns; column += 1) {
    const from = Math.floor((column * vector.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * vector.length) / columns));
    const range = rangeOf(vector.slice(from, to));
    const top = middle - (Math.max(0, range.most) / most) * middle;
    const bottom = middle - (Math.min(0, range.least) / most) * middle;
    path += `M${column} ${top.toFixed(2)}h0.7V${bottom.toFixed(2)}h-0.7z`;
  }
  return s(
    "svg",
    {
      class: "embedding",
      viewBox: `0 0 ${columns} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": plain(label, 200),
    },
    s("path", { d: path }),
    s("line", { x1: 0, x2: columns, y1: middle, y2: middle }),
  );
}

/** `[path, numbers]` of the first few arrays of numbers. */
function findVectors(root) {
  const found = [];
  const queue = [["", root]];
  for (let visited = 0; visited < queue.length && visited < MAX_VISITED; visited += 1) {
    const [path, value] = queue[visited];
    if (isVector(value)) {
      found.push([path || "value", value]);
      if (found.length === MAX_PICTURES) break;
    } else if (Array.isArray(value)) {
      value.slice(0, 100).forEach((item, index) => {
        if (isNested(item)) queue.push([`${path}[${index}]`, item]);
      });
    } else if (isNested(value)) {
      for (const [key, item] of Object.entries(value).slice(0, 100)) {
        if (isNested(item)) queue.push([path ? `${path}.${plain(key, 30)}` : plain(key, 30), item]);
      }
    }
  }
  return found;
}

function isVector(value) {
  return Array.isArray(value) && value.length >= SHORTEST && value.every(Number.isFinite);
}

function rangeOf(vector) {
  let least = Infinity;
  let most = -Infinity;
  let squares = 0;
  for (const value of vector) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    squares += value * value;
  }
  return { least, most, norm: Math.sqrt(squares) };
}

function short(value) {
  return Number(value.toPrecision(3)).toString();
}
