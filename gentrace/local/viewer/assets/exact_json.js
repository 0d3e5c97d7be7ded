// JSON with integers beyond the range of JavaScript's numbers, such as 64-bit ids.

// Reading the source of each number is slow, and needed only for long ones.
const LONG_NUMBER = /\d{16}/;
const INTEGER = /^-?\d+$/;

/** Parse JSON; integers that a number cannot hold become BigInts. */
export function parseExact(text) {
  return LONG_NUMBER.test(text) ? JSON.parse(text, keepExact) : JSON.parse(text);
}

function keepExact(_key, value, context) {
  // Browsers before 2025 may not give the source.
  if (typeof value !== "number" || Number.isSafeInteger(value) || !context?.source) return value;
  return INTEGER.test(context.source) ? BigInt(context.source) : value;
}

// JSON.stringify refuses BigInts. A browser that gives the source of a number has rawJSON, too.
BigInt.prototype.toJSON = function toJSON() {
  return JSON.rawJSON(this.toString());
};
