// A provider has the same colour in every view.

const COLOURS = 8;
const MOST_NAMES = 1000;
const given = new Map();

/** The number of a provider's colour: its own by its name, or the next that no other provider has. */
export function colourOf(name) {
  if (given.has(name)) return given.get(name);
  const own = hashOf(name) % COLOURS;
  const taken = new Set(given.values());
  let colour = own;
  while (taken.size < COLOURS && taken.has(colour)) colour = (colour + 1) % COLOURS;
  if (given.size < MOST_NAMES) given.set(name, colour);
  return colour;
}

function hashOf(name) {
  let hash = 7;
  for (let index = 0; index < Math.min(name.length, 64); index += 1) {
    hash = (hash * 31 + name.charCodeAt(index)) % 65_521;
  }
  return hash;
}
