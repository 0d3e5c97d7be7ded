// The theme: light, dark, or that of the system.

import { local } from "./storage.js";

const KEY = "gentrace-theme";
const THEMES = ["auto", "light", "dark"];

/** Apply the stored theme, and make the button change it. */
export function startTheme(button) {
  let theme = local.getItem(KEY);
  if (!THEMES.includes(theme)) theme = "auto";
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    local.setItem(KEY, theme);
    apply();
  });
  apply();
}
