// The client of the local server. URLs are relative to the page, so that it works below a prefix.

import { parseExact } from "./exact_json.js";
import { token } from "./token.js";

/** The server needs a token, or another one than the page has. */
export class TokenError extends Error {}

/** There was no response (status 0), or an error response; the message says which. */
export class ServerError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

// The text before the body of a run. It cannot occur in a string, where its quotes are escaped.
const BODY = '"pipelineRun": ';

export const host = new URL("api/v1", document.baseURI).href;

/** A page of runs, newest first: `{pipelineRuns, next}`. */
export function listRuns(filters, signal) {
  return get("pipeline-runs", { view: "summary", ...filters }, signal);
}

/** One run, with `text`, the JSON of its body as it was sent; null if there is no such run. */
export async function getRun(id, signal) {
  // Other paths below pipeline-runs, such as export, do not have the form of an id.
  if (!/^[\da-f-]{36}$/i.test(id)) return null;
  const response = await fetchPath(`pipeline-runs/${encodeURIComponent(id)}`, {}, signal);
  if (response.status === 404) return null;
  const whole = await text(response);
  const run = parseExact(whole);
  // The original text, as parsing changes the form of numbers.
  run.text = whole.slice(whole.indexOf(BODY) + BODY.length, whole.lastIndexOf("}"));
  return run;
}

/** `{pipelines}`, each with its statistics. */
export function listPipelines(signal) {
  return get("pipelines", {}, signal);
}

/** Delete one run; false if there is no such run. */
export async function deleteRun(id) {
  const url = new URL(`${host}/pipeline-runs/${encodeURIComponent(id)}`);
  const response = await request(url, { method: "DELETE" });
  if (response.status === 404) return false;
  await text(response);
  return true;
}

async function get(path, query, signal) {
  return JSON.parse(await text(await fetchPath(path, query, signal)));
}

function fetchPath(path, query, signal) {
  const url = new URL(`${host}/${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return request(url, { signal });
}

async function text(response) {
  if (!response.ok) throw new ServerError(await reason(response), response.status);
  return response.text();
}

async function request(url, options) {
  const headers = { Accept: "application/json" };
  const bearer = token();
  if (bearer !== null) headers.Authorization = `Bearer ${bearer}`;
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
