// Which rows of a virtualized list are visible.

// Browsers limit the height of an element to about 2^25 pixels; longer lists scroll in proportion.
const MAX_PIXELS = 8_000_000;

/**
 * `{first, end, space, top, seen}`: the rows to draw, the scroll height in pixels, the position of
 * the first row, and `[first, end]` of the rows that are visible.
 */
export function visibleRows(element, rowHeight, count, overscan) {
  const whole = count * rowHeight;
  const space = Math.min(whole, MAX_PIXELS);
  const view = element.clientHeight;
  const scrollable = Math.max(1, space - view);
  const ratio = space === whole ? 1 : Math.max(1, whole - view) / scrollable;
  const scroll = Math.min(element.scrollTop, scrollable);
  const at = (scroll * ratio) / rowHeight;
  const first = Math.max(0, Math.floor(at) - overscan);
  const end = Math.min(count, Math.ceil(at + view / rowHeight) + overscan);
  const seen = [Math.floor(at), Math.min(count, Math.ceil(at + view / rowHeight))];
  return { first, end, space, top: scroll + (first - at) * rowHeight, seen };
}
