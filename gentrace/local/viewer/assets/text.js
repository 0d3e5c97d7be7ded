// A stored run is a stranger's text. What would hide or reorder it is shown as its code point.

import { h } from "./dom.js";

// Control characters but tab and line feed, marks of direction, and characters without a width.
// The joiners U+200C and U+200D stay: scripts and emoji need them.
const ODD =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;
const NAME_LENGTH = 160;

/** What a pipeline is called whose name is empty. */
export const UNNAMED = "unnamed";

/** The nodes that show a text as it is, isolated from the direction of what stands around it. */
export function shown(text) {
  const whole = h("bdi");
  let from = 0;
  for (const match of text.matchAll(ODD)) {
    const character = match[0];
    if (character === "\r" && text[match.index + 1] === "\n") continue;
    if (match.index > from) whole.append(text.slice(from, match.index));
    whole.append(h("span", { class: "odd" }, codePoint(character)));
    from = match.index + character.length;
  }
  if (from < text.length) whole.append(text.slice(from));
  return whole;
}

/** A name in one line, cut where it is too long for one. */
export function shownName(text, length = NAME_LENGTH) {
  return shown(cut(text, length));
}

/** A text of at most so many characters, for titles and labels, without what hides or reorders. */
export function plain(text, length = NAME_LENGTH) {
  return cut(text, length).replace(ODD, codePoint);
}

/** Cut a text, between characters. */
export function cut(text, length) {
  if (text.length <= length) return text;
  const isHigh = text.charCodeAt(length - 1) >> 10 === 0x36;
  return text.slice(0, isHigh ? length - 1 : length) + "…";
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
