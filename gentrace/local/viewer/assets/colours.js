// Assigns colours to providers: the same one in every view, as long as the tab is open.

import { session } from "./storage.js";

const COLOURS = 8;
const KEY = "gentrace-colours";
const MAX_NAMES = 200;
const MAX_CHARACTERS = 80;
const assigned = new Map(readAssigned());

/** The number of a provider's colour: by the hash of its name, or the next unused one. */
export function colourOf(provider) {
  const name = provider.slice(0, MAX_CHARACTERS);
  if (assigned.has(name)) return assigned.get(name);
  const taken = new Set(assigned.values());
  let colour = hashOf(name) % COLOURS;
  while (taken.size < COLOURS && taken.has(colour)) colour = (colour + 1) % COLOURS;
  if (assigned.size < MAX_NAMES) {
    assigned.set(name, colour);
    session.setItem(KEY, JSON.stringify([...assigned]));
  }
  return colour;
}

function readAssigned() {
  try {
    const pairs = JSON.parse(session.getItem(KEY)) ?? [];
    return pairs.filter(
      ([, colour]) => Number.isInteger(colour) && colour >= 0 && colour < COLOURS,
    );
  } catch {
    return [];
  }
}

function hashOf(name) {
  let hash = 7;
  for (let index = 0; index < name.length; index += 1)
    hash = (hash * 31 + name.charCodeAt(index)) % 65_521;
  return hash;
}
