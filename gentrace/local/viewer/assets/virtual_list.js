// A virtualized list: only the visible rows are in the DOM.

import { h } from "./dom.js";
import { visibleRows } from "./scrolling.js";

const OVERSCAN = 6;

/**
 * A list whose rows have one height.
 *
 * `row(index)` makes the link in a row, `rowHeight()` returns the current height in pixels,
 * `onmove(index)` is called when a row is selected by keyboard, `onend()` when the last rows become
 * visible, `onsight(first, end)` with the visible rows.
 */
export class VirtualList {
  constructor({ label, row, rowHeight, onmove = null, onend = null, onsight = null }) {
    this._row = row;
    this._rowHeight = rowHeight;
    this._onmove = onmove;
    this._onend = onend;
    this._onsight = onsight;
    this._count = 0;
    this._rows = new Map();
    this._space = h("div", { class: "list-space", role: "list", "aria-label": label });
    this.element = h("div", { class: "list" }, this._space);
    this.active = 0;
    this.element.addEventListener("scroll", () => this._draw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.move(event));
    this.element.addEventListener("focusin", (event) => this._focused(event));
    this._resize = new ResizeObserver(() => this.refresh());
    this._resize.observe(this.element);
  }

  /** Set the number of rows, and redraw them. */
  setCount(count) {
    this._count = count;
    this.active = Math.max(0, Math.min(this.active, count - 1));
    this.refresh();
  }

  /** Adjust to rows that were inserted at the top, so that the visible rows stay in place. */
  shift(rows) {
    this.active += rows;
    if (this.element.scrollTop > 0) this.element.scrollTop += rows * this._rowHeight();
  }

  /** Redraw all visible rows. */
  refresh() {
    const hadFocus = this._space.contains(document.activeElement);
    for (const row of this._rows.values()) row.remove();
    this._rows.clear();
    this._draw(hadFocus);
    if (hadFocus) this._rows.get(this.active)?.firstChild.focus({ preventScroll: true });
  }

  /** Scroll a row into view and make it the one that Tab reaches (roving tabindex). */
  select(index) {
    const before = this._rows.get(this.active)?.firstChild;
    if (before) before.tabIndex = -1;
    this.active = index;
    const height = this._rowHeight();
    const top = index * height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + height > scrollTop + clientHeight)
      this.element.scrollTop = top + height - clientHeight;
    this._draw();
    const now = this._rows.get(index)?.firstChild;
    if (now) now.tabIndex = 0;
  }

  /** Focus the active row. */
  focus() {
    if (this._count === 0) return;
    this.select(this.active);
    this._rows.get(this.active)?.firstChild.focus({ preventScroll: true });
  }

  /** Select and focus another row, if the key of an event moves in lists. */
  move(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this._rowHeight()) - 1);
    const moves = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this._count - 1,
    };
    if (this._count === 0 || !Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(this._count - 1, moves[event.key]));
    this.select(index);
    this._rows.get(index)?.firstChild.focus({ preventScroll: true });
    this._onmove?.(index);
  }

  close() {
    this._resize.disconnect();
  }

  _draw(hasFocus = this._rows.get(this.active)?.contains(document.activeElement)) {
    const height = this._rowHeight();
    const seen = visibleRows(this.element, height, this._count, OVERSCAN);
    this._space.style.height = `${seen.space}px`;
    const wanted = new Set();
    for (let index = seen.first; index < seen.end; index += 1) wanted.add(index);
    // Keep the focused row in the DOM, or the focus would be lost.
    if (hasFocus) wanted.add(this.active);
    for (const [index, row] of this._rows) {
      if (wanted.has(index)) continue;
      row.remove();
      this._rows.delete(index);
    }
    for (const index of [...wanted].sort((a, b) => a - b)) this._place(index, height);
    this._onsight?.(...seen.seen);
    if (this._onend && this._count > 0 && seen.end >= this._count - OVERSCAN) this._onend();
  }

  _place(index, height) {
    if (this._rows.has(index) || index >= this._count) return;
    const content = this._row(index);
    content.tabIndex = index === this.active ? 0 : -1;
    const row = h(
      "div",
      {
        class: "list-row",
        role: "listitem",
        "aria-setsize": this._count,
        "aria-posinset": index + 1,
        "data-index": index,
      },
      content,
    );
    row.style.transform = `translateY(${index * height}px)`;
    row.style.height = `${height}px`;
    this._rows.set(index, row);
    const next = [...this._rows.keys()].filter((key) => key > index);
    const before = next.length ? this._rows.get(Math.min(...next)) : null;
    this._space.insertBefore(row, before);
  }

  _focused(event) {
    const row = event.target.closest(".list-row");
    if (row === null) return;
    const before = this._rows.get(this.active)?.firstChild;
    if (before) before.tabIndex = -1;
    this.active = Number(row.dataset.index);
    row.firstChild.tabIndex = 0;
  }
}
