// The messages and choices of a chat, shown as a conversation.

import { h } from "./dom.js";
import { isNested, isObject } from "./json_kinds.js";
import { jsonTree } from "./json_tree.js";
import { textBlock } from "./long_text.js";
import { shownName } from "./text.js";

const FIRST_TURNS = 50;
const ROLES = ["system", "developer", "user", "assistant", "tool"];

/** The turns in inputs or outputs, `[{role, content, calls, note}]`; null if it is no chat. */
export function findTurns(value) {
  if (!isNested(value)) return null;
  const turns = [...listOf(value.messages, turnOf), ...listOf(value.choices, choiceOf)];
  if (turns.length === 0 && "content" in value && typeof value.role === "string")
    turns.push(turnOf(value));
  return turns.length > 0 ? turns : null;
}

/** The conversation; a long one shows its first turns and a button that shows more. */
export function conversation(turns) {
  const list = h("ol", { class: "conversation" }, turns.slice(0, FIRST_TURNS).map(show));
  if (turns.length <= FIRST_TURNS) return list;
  let from = FIRST_TURNS;
  const more = h("button", { type: "button", class: "quiet" }, "More messages");
  more.addEventListener("click", () => {
    list.append(...turns.slice(from, from + FIRST_TURNS).map(show));
    from += FIRST_TURNS;
    more.hidden = from >= turns.length;
  });
  return [list, more];
}

function listOf(value, read) {
  if (!Array.isArray(value)) return [];
  const turns = value.map(read);
  return turns.includes(null) ? [] : turns;
}

function turnOf(message) {
  if (!isNested(message) || typeof message.role !== "string") return null;
  const calls = Array.isArray(message.tool_calls) ? [...message.tool_calls] : [];
  if (isObject(message.function_call)) calls.push({ function: message.function_call });
  const note = message.name ?? message.tool_call_id ?? "";
  return {
    role: message.role,
    content: message.content ?? message.refusal ?? null,
    calls,
    note: String(note),
  };
}

function choiceOf(choice) {
  if (!isObject(choice)) return null;
  const note = choice.finish_reason ? `finished: ${choice.finish_reason}` : "";
  if (typeof choice.text === "string")
    return { role: "assistant", content: choice.text, calls: [], note };
  const turn = turnOf(choice.message ?? choice.delta);
  return turn && { ...turn, note };
}

function show(turn) {
  const role = ROLES.includes(turn.role) ? turn.role : "other";
  return h(
    "li",
    { class: `turn ${role}` },
    h(
      "div",
      { class: "role" },
      shownName(turn.role, 40),
      turn.note && h("span", { class: "dim" }, shownName(turn.note, 60)),
    ),
    body(turn.content),
    turn.calls.map(call),
  );
}

function body(content) {
  if (content === null) return null;
  if (typeof content === "string") return textBlock(content, "Message");
  if (Array.isArray(content)) return content.map(part);
  return jsonTree(content, "Message");
}

function part(item) {
  if (typeof item === "string") return textBlock(item, "Message");
  if (isObject(item) && typeof item.text === "string") return textBlock(item.text, "Message");
  return jsonTree(item, "Part of a message");
}

function call(item) {
  const target = isObject(item?.function) ? item.function : item;
  const name = typeof target?.name === "string" ? target.name : "tool";
  return h(
    "div",
    { class: "call" },
    h("div", { class: "mono" }, h("span", { class: "dim" }, "calls "), shownName(name, 120)),
    argumentsOf(target?.arguments ?? target?.input ?? null),
  );
}

function argumentsOf(value) {
  if (value === null) return null;
  if (typeof value !== "string") return jsonTree(value, "Arguments");
  try {
    return jsonTree(JSON.parse(value), "Arguments");
  } catch {
    return textBlock(value, "Arguments");
  }
}
