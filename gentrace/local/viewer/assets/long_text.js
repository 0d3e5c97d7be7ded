// Blocks of text. A long text is virtualized: only the visible lines are in the DOM.

import { copyButton } from "./copy.js";
import { h, replace } from "./dom.js";
import { bytes, counted } from "./format.js";
import { visibleRows } from "./scrolling.js";
import { shown } from "./text.js";

const LONG = 6000;
const LINE = 19;
const OVERSCAN = 10;
const MAX_LINES_IN_SIGHT = 22;

/** A text as a block; `label` names a long one for screen readers. */
export function textBlock(text, label) {
  return text.length <= LONG ? h("div", { class: "text" }, shown(text)) : longText(text, label);
}

function longText(text, label) {
  const lines = h("div", { class: "lines" });
  const space = h("div", { class: "space" }, lines);
  const size = `${bytes(text.length)} of text`;
  const box = h(
    "div",
    { class: "long", tabindex: "0", role: "region", "aria-label": `${label}, ${size}` },
    space,
  );
  const count = h("span", { class: "dim" }, size);
  let starts = [0];
  let columns = 0;

  const draw = () => {
    const seen = visibleRows(box, LINE, starts.length, OVERSCAN);
    space.style.height = `${seen.space}px`;
    lines.style.transform = `translateY(${seen.top}px)`;
    const rows = [];
    for (let index = seen.first; index < seen.end; index += 1)
      rows.push(h("div", {}, shown(lineAt(text, starts, index))));
    replace(lines, rows);
  };
  const measure = () => {
    const width = widthOfCharacter(box);
    const now = Math.max(20, Math.floor((box.clientWidth - 20) / width));
    if (now === columns || box.clientWidth === 0) return;
    columns = now;
    starts = breakLines(text, columns);
    box.style.height = `${Math.min(starts.length, MAX_LINES_IN_SIGHT) * LINE + 16}px`;
    count.textContent = `${size}, ${counted(starts.length, "line")}`;
    draw();
  };
  box.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(measure).observe(box);
  return h(
    "div",
    { class: "text long-text" },
    box,
    h(
      "div",
      { class: "line" },
      count,
      copyButton(() => text, "text"),
    ),
  );
}

/** The index at which each line starts; lines are wrapped at `columns` characters. */
function breakLines(text, columns) {
  const starts = [];
  let from = 0;
  while (from <= text.length) {
    const found = text.indexOf("\n", from);
    const end = found < 0 ? text.length : found;
    starts.push(from);
    let at = from + columns;
    while (at < end) {
      // Do not split a surrogate pair.
      if (text.charCodeAt(at) >> 10 === 0x37) at += 1;
      if (at < end) starts.push(at);
      at += columns;
    }
    from = end + 1;
  }
  return starts;
}

function lineAt(text, starts, index) {
  const end = index + 1 < starts.length ? starts[index + 1] : text.length;
  return text.slice(starts[index], end).replace(/\r?\n$/, "");
}

function widthOfCharacter(box) {
  const probe = h("span", { class: "probe" }, "0".repeat(100));
  box.append(probe);
  const width = probe.getBoundingClientRect().width / 100;
  probe.remove();
  return width || 8;
}
