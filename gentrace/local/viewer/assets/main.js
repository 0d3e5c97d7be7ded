// The entry point: shows the view of the current route, and passes keys to it.

import { ServerError, TokenError } from "./api.js";
import { announce, h, replace } from "./dom.js";
import { handleKey } from "./keyboard.js";
import { showComparison } from "./compare_view.js";
import { showPipeline } from "./pipeline_view.js";
import { showPipelines } from "./pipelines_view.js";
import { currentRoute } from "./router.js";
import { showRun } from "./run_view.js";
import { showRuns } from "./runs_view.js";
import { startTheme } from "./theme.js";
import { askForToken, forgetToken, token } from "./token.js";

const main = document.getElementById("main");
const forget = document.getElementById("forget");
let view = null;
let lastNavigation = 0;

window.addEventListener("hashchange", () => navigate(true));
document.addEventListener("keydown", (event) => handleKey(event, view));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
forget.addEventListener("click", () => {
  forgetToken();
  // Load the view anew, as one that keeps what it has loaded would still show it.
  view?.close?.();
  view = null;
  navigate(false);
});
startTheme(document.getElementById("theme"));
navigate(false);

async function navigate(byUser) {
  const route = currentRoute();
  if (view?.update?.(route)) return;
  view?.close?.();
  view = null;
  lastNavigation += 1;
  const navigation = lastNavigation;
  const abort = new AbortController();
  const context = { signal: abort.signal, fail };
  view = { close: () => abort.abort() };
  mark(route);
  replace(main, h("p", { class: "empty dim" }, "Loading…"));
  try {
    const made = await choose(route)(main, route, context);
    if (navigation !== lastNavigation) return;
    view = {
      ...made,
      close: () => {
        abort.abort();
        made.close?.();
      },
    };
    if (byUser) focusTitle();
    announce(document.title);
  } catch (error) {
    if (navigation === lastNavigation) fail(error);
  }
  forget.hidden = token() === null;
}

function choose({ view: name, parts }) {
  if (name === "pipelines") return parts.length ? showPipeline : showPipelines;
  if (name === "compare") return showComparison;
  return name === "runs" && parts.length ? showRun : showRuns;
}

/** Show an error in place of the view, or the form for the token if that is missing. */
function fail(error) {
  if (error.name === "AbortError") return;
  view?.close?.();
  view = null;
  forget.hidden = true;
  if (error instanceof TokenError) {
    document.title = "Token – Gentrace, local";
    askForToken(main, () => navigate(true));
    return;
  }
  document.title = "Error – Gentrace, local";
  const words = error instanceof ServerError ? error.message : `The page failed: ${error.message}`;
  const again = h(
    "button",
    { class: "main", type: "button", onclick: () => navigate(true) },
    "Try again",
  );
  replace(
    main,
    h(
      "div",
      { class: "empty" },
      h("h1", { tabindex: "-1" }, "Nothing to show"),
      h("p", { role: "alert" }, words),
      again,
    ),
  );
  if (!(error instanceof ServerError)) throw error;
}

function mark(route) {
  const current = route.view === "compare" ? "pipelines" : route.view;
  for (const anchor of document.querySelectorAll("nav [data-view]")) {
    if (anchor.dataset.view === current) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}

function focusTitle() {
  if (main.contains(document.activeElement)) return;
  main.querySelector("h1")?.focus({ preventScroll: true });
}
