// The list of runs: newest first, with filters and live updates.

import { listPipelines, listRuns, ServerError, TokenError } from "./api.js";
import { announce, h, replace } from "./dom.js";
import { firstRun, noMatch } from "./empty.js";
import { counted } from "./format.js";
import { filterBar } from "./runs_filters.js";
import { hasFilters, queryOf, readFilters } from "./runs_query.js";
import { rowHeight, runRow } from "./runs_row.js";
import { go, link } from "./router.js";
import { VirtualList } from "./virtual_list.js";

const PAGE = 100;
const POLL_INTERVAL = 2000;
const FAILING_POLL_INTERVAL = 10_000;

const MAX_PAGE = 1000;

// How the list was left: its filters, and the run that was opened last with its row, which is
// selected when the list is shown again.
let filters = {};
let lastRun = null;
let lastRow = 0;

/** The link to the list with the filters that it had last. */
export function listLink() {
  return link(["runs"], filters);
}

export async function showRuns(main, route, { signal, fail }) {
  document.title = "Runs – Gentrace, local";
  const pipelines = (await listPipelines(signal)).pipelines;
  const names = new Set(pipelines.map(({ name }) => name));
  const state = {
    runs: [],
    next: null,
    isLoading: false,
    live: true,
    isFailing: false,
    loadId: 0,
    timer: null,
  };
  filters = readFilters(route.query);
  const summary = h("p", { class: "summary dim" });
  const body = h("div", { class: "runs-body" });
  const list = new VirtualList({
    label: "Runs, newest first",
    rowHeight,
    onend: () => loadMore(),
    row: (index) =>
      runRow(state.runs[index], () => {
        lastRun = state.runs[index].pipelineRunId;
        lastRow = index;
      }),
  });
  const bar = filterBar({
    filters,
    pipelines,
    onchange: (changed) => {
      // What was typed last is reported after a delay, perhaps after a run was opened.
      if (signal.aborted) return;
      filters = changed;
      go(listLink(), { silent: true });
      loadOrShowError().catch(fail);
    },
    onlive: (live) => {
      state.live = live;
      schedulePoll();
    },
  });

  // Beyond the row, for those that were stored meanwhile.
  await loadOrShowError(Math.min(lastRow + PAGE, MAX_PAGE));
  replace(
    main,
    h(
      "div",
      { class: "page" },
      h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Runs"), summary),
      bar.element,
      body,
    ),
  );
  const at = state.runs.findIndex((run) => run.pipelineRunId === lastRun);
  if (at > 0) requestAnimationFrame(() => list.select(at));
  document.addEventListener("visibilitychange", schedulePoll);
  return {
    list,
    escape: () => {
      if (hasFilters(filters)) bar.clear();
    },
    update: (next) => {
      if (next.view !== "runs" || next.parts.length > 0) return false;
      bar.set(readFilters(next.query));
      return true;
    },
    close: () => {
      clearTimeout(state.timer);
      document.removeEventListener("visibilitychange", schedulePoll);
      list.close();
    },
  };

  async function load(limit = PAGE) {
    state.loadId += 1;
    const loadId = state.loadId;
    const page = await listRuns({ ...queryOf(filters), limit }, signal);
    if (loadId !== state.loadId) return;
    state.runs = page.pipelineRuns;
    state.next = page.next;
    list.element.scrollTop = 0;
    list.active = 0;
    draw();
    schedulePoll();
  }

  /** Load the list; if the server rejects the filters, show its error and keep them. */
  async function loadOrShowError(limit) {
    try {
      await load(limit);
      bar.showError("");
    } catch (error) {
      const isTooLong = error.status === 503 && filters.text !== "";
      if (error.status !== 400 && !isTooLong) throw error;
      state.runs = [];
      state.next = null;
      draw();
      bar.showError(error.message);
    }
  }

  async function loadMore() {
    if (state.next === null || state.isLoading) return;
    state.isLoading = true;
    const loadId = state.loadId;
    try {
      const page = await listRuns({ ...queryOf(filters), limit: PAGE, before: state.next }, signal);
      if (loadId !== state.loadId) return;
      state.runs.push(...page.pipelineRuns);
      state.next = page.next;
      bar.showError("");
      draw();
    } catch (error) {
      // The run that ends this page was deleted in the meantime.
      if (error.status === 400) await load().catch(fail);
      else if (error instanceof ServerError) {
        bar.showError(error.message);
        state.isFailing = true;
      } else fail(error);
    } finally {
      state.isLoading = false;
    }
  }

  function schedulePoll() {
    clearTimeout(state.timer);
    if (!state.live || document.hidden || signal.aborted) return;
    state.timer = setTimeout(poll, state.isFailing ? FAILING_POLL_INTERVAL : POLL_INTERVAL);
  }

  async function poll() {
    const loadId = state.loadId;
    try {
      const page = await listRuns({ ...queryOf(filters), limit: PAGE }, signal);
      if (loadId === state.loadId) showNewest(page);
      bar.showError("");
      // Older runs that could not be loaded are loaded when the end of the list is drawn.
      if (state.isFailing) list.refresh();
      state.isFailing = false;
    } catch (error) {
      if (error instanceof TokenError) {
        fail(error);
        return;
      }
      if (error.name !== "AbortError") bar.showError(error.message);
      state.isFailing = true;
    }
    schedulePoll();
  }

  /** Show the newest page in place of the runs that it covers, and keep the older ones. */
  function showNewest(page) {
    const newest = page.pipelineRuns;
    const known = new Set(state.runs.map((run) => run.pipelineRunId));
    const count = newest.findIndex((run) => known.has(run.pipelineRunId));
    const fresh = count < 0 ? newest : newest.slice(0, count);
    const last = newest.at(-1)?.pipelineRunId;
    const end = page.next === null ? -1 : state.runs.findIndex((run) => run.pipelineRunId === last);
    const runs = end < 0 ? newest : [...newest, ...state.runs.slice(end + 1)];
    if (fresh.length === 0 && runs.length === state.runs.length) return;
    state.runs = runs;
    if (end < 0) state.next = page.next;
    if (count > 0) list.shift(count);
    draw();
    if (fresh.length === 0) return;
    announce(`${counted(fresh.length, "new run")}`);
    if (!fresh.every(({ name }) => names.has(name))) refreshPipelines().catch(fail);
  }

  async function refreshPipelines() {
    const { pipelines: updated } = await listPipelines(signal);
    for (const { name } of updated) names.add(name);
    bar.setPipelines(updated);
  }

  function draw() {
    const count = state.runs.length;
    const more = state.next === null ? "" : " or more";
    summary.textContent = count ? counted(count, "run") + more : "";
    if (count && list.element.parentNode !== body) replace(body, head(), list.element);
    if (!count) replace(body, hasFilters(filters) ? noMatch(() => bar.clear()) : firstRun());
    list.setCount(count);
  }
}

function head() {
  const titles = ["", "Pipeline", "Started", "Timeline", "Duration", "Steps"];
  return h(
    "div",
    { class: "run-row head", "aria-hidden": "true" },
    titles.map((title) => h("span", {}, title)),
  );
}
