// The filter bar of the list of runs.

import { h, replace } from "./dom.js";
import { number } from "./format.js";
import { readFilters, TIMES } from "./runs_query.js";
import { plain } from "./text.js";

const TYPING_DELAY = 250;
const SLOW = [
  ["", "Any duration"],
  ["100", "Over 100 ms"],
  ["1000", "Over 1 s"],
  ["5000", "Over 5 s"],
  ["30000", "Over 30 s"],
];

/**
 * Make the bar: `element`, `set(filters)`, `clear()`, `setPipelines(pipelines)` to update their
 * options, and `showError(text)` for errors of live updates.
 */
export function filterBar({ filters, pipelines, onchange, onlive }) {
  let timer = null;
  const name = select("Pipeline", [["", "All pipelines"], ...names(pipelines)]);
  const time = select("Time", TIMES);
  const slow = select("Duration", SLOW);
  const text = h("input", {
    type: "search",
    placeholder: "Search names, inputs, outputs",
    "aria-label": "Search text",
    "aria-keyshortcuts": "/",
    spellcheck: "false",
    autocomplete: "off",
    maxlength: 500,
  });
  const errors = h("input", { type: "checkbox" });
  const from = h("input", { type: "datetime-local", step: 1, "aria-label": "From" });
  const to = h("input", { type: "datetime-local", step: 1, "aria-label": "To" });
  const range = h("div", { class: "range" }, from, h("span", { class: "dim" }, "to"), to);
  const error = h("span", { class: "failed", role: "alert" });
  const clearer = h("button", { type: "button", class: "quiet", onclick: () => clear() }, "Clear");
  const live = liveButton(onlive);
  const element = h(
    "form",
    {
      class: "filters",
      role: "search",
      "aria-label": "Filter runs",
      onsubmit: (event) => event.preventDefault(),
      oninput: (event) => changed(event.target === text),
    },
    h("div", { class: "search" }, text, h("kbd", { "aria-hidden": "true" }, "/")),
    name,
    time,
    range,
    slow,
    h("label", { class: "check" }, errors, "Errors only"),
    clearer,
    h("div", { class: "live-side" }, error, live),
  );
  fill(filters);
  return {
    element,
    set,
    clear,
    setPipelines: (others) => {
      const chosen = name.value;
      replace(name, optionsOf([["", "All pipelines"], ...names(others)]));
      choose(name, chosen);
    },
    showError: (words) => {
      error.textContent = words;
    },
  };

  function changed(isTyping) {
    clearTimeout(timer);
    range.hidden = time.value !== "custom";
    timer = setTimeout(
      () => {
        const now = read();
        clearer.hidden = !Object.values(now).some(Boolean);
        onchange(now);
      },
      isTyping ? TYPING_DELAY : 0,
    );
  }

  function read() {
    const custom = time.value === "custom";
    return {
      name: name.value,
      time: time.value,
      from: custom ? from.value : "",
      to: custom ? to.value : "",
      text: text.value.trim(),
      slow: slow.value,
      errors: errors.checked ? "1" : "",
    };
  }

  function fill(values) {
    choose(name, values.name);
    choose(slow, values.slow);
    time.value = values.time;
    from.value = values.from;
    to.value = values.to;
    text.value = values.text;
    errors.checked = values.errors === "1";
    range.hidden = values.time !== "custom";
    clearer.hidden = !Object.values(values).some(Boolean);
  }

  function set(values) {
    fill(values);
    onchange(read());
  }

  function clear() {
    set(readFilters(new URLSearchParams()));
  }
}

function select(label, options) {
  return h("select", { "aria-label": label }, optionsOf(options));
}

function optionsOf(options) {
  return options.map(([value, words]) => h("option", { value }, words));
}

function names(pipelines) {
  return pipelines
    .filter(({ name }) => name !== "") // an empty value means all pipelines
    .map(({ name, runs }) => [name, `${plain(name, 60)} (${number(runs)})`])
    .sort((a, b) => a[1].localeCompare(b[1]));
}

/** Select a value; it is added if it is not among the options. */
function choose(element, value) {
  if (![...element.options].some((option) => option.value === value)) {
    element.append(h("option", { value }, plain(value, 60)));
  }
  element.value = value;
}

function liveButton(onlive) {
  let live = true;
  const button = h("button", {
    type: "button",
    class: "live",
    "aria-pressed": "true",
    onclick: toggle,
  });
  const draw = () =>
    replace(button, h("span", { class: "pulse", "aria-hidden": "true" }), live ? "Live" : "Paused");
  function toggle() {
    live = !live;
    button.setAttribute("aria-pressed", String(live));
    draw();
    onlive(live);
  }
  draw();
  return button;
}
