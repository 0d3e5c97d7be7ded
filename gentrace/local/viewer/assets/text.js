// Untrusted text: characters that hide or reorder text are shown as their code points.

import { h } from "./dom.js";

// Control characters except tab and line feed, bidirectional marks and zero-width characters.
// Except the joiners U+200C and U+200D, which some scripts and emoji need.
const HIDDEN_CHARACTERS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;
const NAME_LENGTH = 160;

/** The label of a pipeline whose name is empty. */
export const UNNAMED = "unnamed";

/** An element with the text, isolated from the text direction around it. */
export function shown(text) {
  const whole = h("bdi");
  let from = 0;
  for (const match of text.matchAll(HIDDEN_CHARACTERS)) {
    const character = match[0];
    if (character === "\r" && text[match.index + 1] === "\n") continue;
    if (match.index > from) whole.append(text.slice(from, match.index));
    whole.append(h("span", { class: "odd" }, codePoint(character)));
    from = match.index + character.length;
  }
  if (from < text.length) whole.append(text.slice(from));
  return whole;
}

/** A name, truncated to one line. */
export function shownName(text, length = NAME_LENGTH) {
  return shown(cut(text, length));
}

/** A truncated text as a string, for titles and labels. */
export function plain(text, length = NAME_LENGTH) {
  return cut(text, length).replace(HIDDEN_CHARACTERS, codePoint);
}

/** Truncate a text, without splitting a surrogate pair. */
export function cut(text, length) {
  if (text.length <= length) return text;
  const isHigh = text.charCodeAt(length - 1) >> 10 === 0x36;
  return text.slice(0, isHigh ? length - 1 : length) + "…";
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
