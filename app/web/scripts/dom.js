/* Elements, made and exchanged: text goes in as text and never as markup. Knows nothing of figures. */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; `on…` are listeners, `null` and `false` leave an attribute out. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Put children in place of what an element holds; who had the focus by its `data-key` keeps it. */
export function exchange(element, ...children) {
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const scrolled = [...element.querySelectorAll("[data-scroll]")].map((each) => each.scrollTop);
  element.replaceChildren(...children.flat().filter(Boolean));
  element.querySelectorAll("[data-scroll]").forEach((each, index) => (each.scrollTop = scrolled[index] ?? 0));
  if (key !== undefined) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** A number between 0 and 1 as a CSS variable, for lengths and places. */
export function share(element, name, value) {
  element.style.setProperty(name, String(Math.min(1, Math.max(0, value))));
  return element;
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
