// Elements are made here and nowhere else. Text becomes text nodes: no string is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. A property that is a function listens to its event (`onclick`). */
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An SVG element. */
export function s(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Put other children in the place of those that an element has. */
export function replace(element, ...children) {
  element.replaceChildren(...children.flat(3).filter(isThere));
  return element;
}

/** Say something to those who listen to the page instead of looking at it. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(3).filter(isThere));
  return element;
}

function isThere(child) {
  return child !== null && child !== undefined && child !== false;
}
