// The storages of the browser; where it blocks them, the page keeps the same until it is left.

class Memory {
  constructor() {
    this._items = new Map();
  }

  getItem(key) {
    return this._items.get(key) ?? null;
  }

  setItem(key, value) {
    this._items.set(key, value);
  }

  removeItem(key) {
    this._items.delete(key);
  }
}

export const local = open("localStorage");
export const session = open("sessionStorage");

function open(name) {
  try {
    return window[name] ?? new Memory(); // null where it is turned off
  } catch {
    return new Memory();
  }
}
