// Buttons that put a text on the clipboard.

import { announce, h } from "./dom.js";

const SAID = 1500;

/** A button that copies what `text()` gives; `what` names it to who cannot see where it stands. */
export function copyButton(text, what) {
  let timer = null;
  const button = h(
    "button",
    { type: "button", class: "copy", "aria-label": `Copy ${what}` },
    "Copy",
  );
  button.addEventListener("click", async () => {
    const done = await copy(text());
    button.textContent = done ? "Copied" : "Not copied";
    announce(button.textContent);
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = "Copy";
    }, SAID);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Where a page has no clipboard, as over plain HTTP from another machine. */
function copyBySelection(text) {
  const area = h("textarea", { class: "hidden", "aria-hidden": "true", tabindex: "-1" });
  const before = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}
