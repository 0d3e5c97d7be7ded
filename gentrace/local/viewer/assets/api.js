// Reads the local server. A path is relative to the page, so that a prefix before it does no harm.

import { token } from "./token.js";

/** The server wants its token, or another one than the page has. */
export class TokenError extends Error {}

/** The server gave no answer (status 0), or none that helps; its message says which. */
export class ServerError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

// What stands before the body of a run; inside of a string, its quotes would be escaped.
const BODY = '"pipelineRun": ';

export const host = new URL("api/v1", document.baseURI).href;

/** A page of runs, newest first: `{pipelineRuns, next}`. */
export function listRuns(filters, signal) {
  return get("pipeline-runs", { view: "summary", ...filters }, signal);
}

/** One run with its body, and `text`, the JSON of the body as it was sent; null if there is none. */
export async function getRun(id, signal) {
  // Nothing else that the server gives has the form of an id.
  if (!/^[\da-f-]{36}$/i.test(id)) return null;
  const response = await answer(`pipeline-runs/${encodeURIComponent(id)}`, {}, signal);
  if (response.status === 404) return null;
  const whole = await text(response);
  const run = JSON.parse(whole);
  // As it is, since a parsed number is not always the one that was sent.
  run.text = whole.slice(whole.indexOf(BODY) + BODY.length, whole.lastIndexOf("}"));
  return run;
}

/** `{pipelines}`, each with its counts. */
export function listPipelines(signal) {
  return get("pipelines", {}, signal);
}

/** Forget one run; false if it was not there. */
export async function deleteRun(id) {
  const url = new URL(`${host}/pipeline-runs/${encodeURIComponent(id)}`);
  const response = await ask(url, { method: "DELETE" });
  if (response.status === 404) return false;
  await text(response);
  return true;
}

async function get(path, query, signal) {
  return JSON.parse(await text(await answer(path, query, signal)));
}

function answer(path, query, signal) {
  const url = new URL(`${host}/${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return ask(url, { signal });
}

async function text(response) {
  if (!response.ok) throw new ServerError(await reason(response), response.status);
  return response.text();
}

async function ask(url, options) {
  const headers = { Accept: "application/json" };
  const kept = token();
  if (kept !== null) headers.Authorization = `Bearer ${kept}`;
  let response;
  try {
    response = await fetch(url, { ...options, headers, cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer. Is it still running?");
  }
  if (response.status === 401) throw new TokenError("token");
  return response;
}

async function reason(response) {
  let words = "";
  try {
    const body = await response.json();
    words = typeof body.error === "string" ? body.error : JSON.stringify(body.error ?? body);
  } catch {
    words = response.statusText;
  }
  return `The server answered ${response.status}: ${words}`;
}
