// What kind of JSON value a value is.

/** Whether it is an object or an array. */
export function isNested(value) {
  return typeof value === "object" && value !== null;
}

/** Whether it is an object, and no array. */
export function isObject(value) {
  return isNested(value) && !Array.isArray(value);
}
