// What is shown in place of an empty list.

import { host } from "./api.js";
import { copyButton } from "./copy.js";
import { h } from "./dom.js";

const CODE = `import gentrace
with gentrace.Pipeline("my-first-pipeline").start() as run, run.step("demo") as step:
    step.outputs = {"answer": 42}`;

/** No run is stored: how to record the first one. */
export function firstRun() {
  const variable = `export GENTRACE_HOST=${host}`;
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "No runs yet"),
    h("p", {}, "Say where runs go, in the shell that starts your program:"),
    codeBlock(variable),
    h("p", {}, "Then record one. Three lines of Python do:"),
    codeBlock(CODE),
    h("p", { class: "dim" }, "It appears here by itself."),
  );
}

/** No stored run matches the filters. */
export function noMatch(clear) {
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "No run matches"),
    h("p", {}, "Runs that match the filters appear here as they come in."),
    h("button", { type: "button", class: "main", onclick: clear }, "Clear the filters"),
  );
}

function codeBlock(code) {
  return h(
    "div",
    { class: "code" },
    h("pre", { tabindex: "0" }, h("code", {}, code)),
    copyButton(() => code, "code"),
  );
}
