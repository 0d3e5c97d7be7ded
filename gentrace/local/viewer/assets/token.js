// The token of the server: requested from the user, and stored for this tab only.

import { h, replace } from "./dom.js";
import { session } from "./storage.js";

const KEY = "gentrace-token";
// The characters that a header may contain.
const TOKEN = /^[\x21-\x7e\xa1-\xff]+$/;

/** The token, or null. */
export function token() {
  return session.getItem(KEY);
}

/** Delete the stored token. */
export function forgetToken() {
  session.removeItem(KEY);
}

/** Show the form for the token; `done` is called after it was entered. */
export function askForToken(main, done) {
  const wrong = token() !== null;
  forgetToken();
  const input = h("input", {
    id: "token",
    type: "password",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
    "aria-describedby": "token-help token-error",
  });
  const error = h("p", { id: "token-error", class: "failed", role: "alert" });
  const submit = (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!TOKEN.test(text)) {
      error.textContent = "A token is made of letters, digits and signs, without spaces.";
      return;
    }
    session.setItem(KEY, text);
    done();
  };
  replace(
    main,
    h(
      "form",
      { class: "empty token", onsubmit: submit },
      h("h1", {}, "This server wants its token"),
      h(
        "p",
        { id: "token-help" },
        "It is the one that the server was started with (",
        h("code", {}, "GENTRACE_LOCAL_TOKEN"),
        "). This tab keeps it until it is closed.",
      ),
      h("label", { for: "token" }, "Token"),
      h("div", { class: "line" }, input, h("button", { class: "main" }, "Continue")),
      error,
    ),
  );
  if (wrong) error.textContent = "The server did not take this token.";
  input.focus();
}
