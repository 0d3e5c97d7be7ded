// Buttons that copy a text to the clipboard.

import { announce, h } from "./dom.js";

const FEEDBACK_TIME = 1500;

/** A button that copies what `text()` returns; `what` names that text for screen readers. */
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
    }, FEEDBACK_TIME);
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

/** Fallback for a page without clipboard access, such as over plain HTTP from another machine. */
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
