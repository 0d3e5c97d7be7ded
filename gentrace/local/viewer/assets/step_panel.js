// The panel of one step: provider, invocation, times, error, parameters, usage, inputs, outputs.

import { colourOf } from "./colours.js";
import { conversation, findTurns } from "./conversation.js";
import { copyButton } from "./copy.js";
import { h } from "./dom.js";
import { embeddings } from "./embedding.js";
import { clock, duration, fullDate, isoDate } from "./format.js";
import { jsonTree } from "./json_tree.js";
import { parameterTable } from "./parameters.js";
import { textBlock } from "./long_text.js";
import { parseDate } from "./run_model.js";
import { shownName } from "./text.js";
import { usageOf, usageList } from "./usage.js";

const KNOWN = ["provider", "elapsedTime", "startTime", "endTime", "error"];
const KNOWN_OF_PROVIDER = ["name", "invocation", "modelParams", "inputs", "outputs"];

/** The content of the panel. */
export function stepPanel(step, run, { close, open }) {
  const { provider, raw } = step;
  const usage = usageOf(step);
  return [
    head(step, run, close, open),
    facts(step),
    step.error === null
      ? null
      : section(
          "Error",
          h("div", { class: "error-box" }, textBlock(step.error, "Error")),
          step.error,
        ),
    usage === null ? null : section("Usage", usageList(usage)),
    content("Parameters", provider.modelParams, parameterTable),
    content("Inputs", provider.inputs, inside),
    content("Outputs", provider.outputs, inside),
    rest(raw, provider),
  ];
}

function head(step, run, close, open) {
  const at = run.ordered.indexOf(step);
  const jump = (to, label, sign) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet icon",
        "aria-label": label,
        title: label,
        disabled: to === undefined,
        onclick: () => open(to),
      },
      sign,
    );
  return h(
    "div",
    { class: "panel-head" },
    h(
      "div",
      { class: "panel-title" },
      h(
        "h2",
        {},
        h("span", { class: `dot c${colourOf(step.name)}`, "aria-hidden": "true" }),
        shownName(step.name || "step"),
      ),
      h("p", { class: "mono dim" }, shownName(step.invocation, 400)),
    ),
    h(
      "div",
      { class: "actions" },
      jump(run.ordered[at - 1], "Previous step", "↑"),
      jump(run.ordered[at + 1], "Next step", "↓"),
      h(
        "button",
        {
          type: "button",
          class: "quiet icon",
          "aria-label": "Close step",
          title: "Close (Esc)",
          onclick: close,
        },
        "✕",
      ),
    ),
  );
}

function facts(step) {
  const start = step.start === null ? null : new Date(step.start);
  const end = parseDate(step.raw.endTime);
  const rows = [
    ["Step", String(step.number)],
    ["Duration", duration(step.duration)],
    ["Begins after", duration(step.offset)],
    [
      "Start",
      start === null ? "not known" : h("time", { datetime: isoDate(start) }, fullDate(start)),
    ],
    end === null
      ? null
      : ["End", h("time", { datetime: isoDate(new Date(end)) }, clock(new Date(end)))],
  ].filter(Boolean);
  return h(
    "dl",
    { class: "facts" },
    rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
  );
}

function content(title, value, show) {
  if (value === undefined || value === null || isEmptyObject(value)) return null;
  return section(title, show(value, title), value);
}

/** The conversation and embeddings of a value, if any, and the value as a tree. */
function inside(value, title) {
  const turns = findTurns(value);
  const pictures = embeddings(value);
  const tree = jsonTree(value, title, { folded: turns !== null || pictures !== null });
  return [turns === null ? null : conversation(turns), pictures, tree];
}

/** Properties that the API does not declare. */
function rest(raw, provider) {
  const more = {};
  for (const [key, value] of Object.entries(raw)) if (!KNOWN.includes(key)) put(more, key, value);
  for (const [key, value] of Object.entries(provider)) {
    if (!KNOWN_OF_PROVIDER.includes(key)) put(more, `provider.${key}`, value);
  }
  return content("Other properties", more, (value, title) => jsonTree(value, title));
}

/** Set a property of any name, including `__proto__`. */
function put(object, key, value) {
  Object.defineProperty(object, key, { value, enumerable: true });
}

function section(title, body, value) {
  const text = () => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return h(
    "section",
    { class: "part", "aria-label": title },
    h(
      "div",
      { class: "part-head" },
      h("h3", {}, title),
      value === undefined ? null : copyButton(text, title.toLowerCase()),
    ),
    body,
  );
}

function isEmptyObject(value) {
  return typeof value === "object" && Object.keys(value).length === 0;
}
