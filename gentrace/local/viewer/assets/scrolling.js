// Which rows of a long scrolled thing are in sight.

// Browsers draw nothing beyond some 2^25 pixels. A list that is longer scrolls in proportion.
const MOST_PIXELS = 8_000_000;

/**
 * `{first, end, space, top, seen}`: the rows to draw, the pixels to scroll over, where the first row
 * goes, and the `[first, end]` of the rows that are not beyond an edge.
 */
export function windowOf(element, rowHeight, count, overscan) {
  const whole = count * rowHeight;
  const space = Math.min(whole, MOST_PIXELS);
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
