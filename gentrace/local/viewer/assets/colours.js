// A provider has the same colour in every view, for as long as the tab is open.

const COLOURS = 8;
const KEY = "gentrace-colours";
const MOST_NAMES = 200;
const MOST_CHARACTERS = 80;
const given = new Map(kept());

/** The number of a provider's colour: its own by its name, or the next that no other provider has. */
export function colourOf(provider) {
  const name = provider.slice(0, MOST_CHARACTERS);
  if (given.has(name)) return given.get(name);
  const taken = new Set(given.values());
  let colour = hashOf(name) % COLOURS;
  while (taken.size < COLOURS && taken.has(colour)) colour = (colour + 1) % COLOURS;
  if (given.size < MOST_NAMES) {
    given.set(name, colour);
    sessionStorage.setItem(KEY, JSON.stringify([...given]));
  }
  return colour;
}

function kept() {
  try {
    const pairs = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
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
