// Routing by the fragment of the URL: links to a view, a run or a step.

/** `{view, parts, query}` of the current URL. */
export function currentRoute() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [view, ...parts] = path.split("/").map(decode);
  return { view: view || "runs", parts, query: new URLSearchParams(query) };
}

/** The link to a view. */
export function link(parts, query = {}) {
  const path = parts.map((part) => encodeURIComponent(String(part))).join("/");
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `#/${path}${text && `?${text}`}`;
}

export function runLink(id, step = null) {
  return link(step === null ? ["runs", id] : ["runs", id, "steps", step]);
}

export function pipelineLink(name) {
  return link(["pipelines", name]);
}

/** Navigate to a link; `silent` only replaces the URL, without navigation or history entry. */
export function go(hash, { silent = false } = {}) {
  if (silent) history.replaceState(null, "", hash);
  else location.hash = hash;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
