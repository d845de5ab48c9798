// Making elements, so that no module writes HTML as text (names typed by people stay text).

const SVG = "http://www.w3.org/2000/svg";

/** Return an element; `on*` attributes are listeners, `true` an empty attribute, `false` or null none. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Strokes of the icons on a 20 × 20 field. */
const ICONS = {
  select: "M5 3l10 8-4.6.8 2.6 5-2 1-2.6-5.1L5 16z",
  box: "M4 4h12v12H4zM2.5 4h3M4 2.5v3M14.5 16h3M16 14.5v3",
  plus: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6.8v6.4M6.8 10h6.4",
  minus: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM6.8 10h6.4",
  brush: "M16.5 3.5c-2.8 1.4-5.6 4-7.2 6.6l1.9 1.9c2.6-1.6 5.2-4.4 6.3-7.2zM8.3 11.2c-1.9-.3-3 .9-3.2 2.4-.2 1.3-.8 2-2.1 2.3 1.6 1.1 6.2 1.2 6.4-2.9z",
  eraser: "M8.5 16.5L3.6 11.6a1.2 1.2 0 0 1 0-1.7l6.3-6.3a1.2 1.2 0 0 1 1.7 0l4.8 4.8a1.2 1.2 0 0 1 0 1.7l-6.4 6.4zM6.7 6.8l6.5 6.5M8 16.5h9",
  polygon: "M4 7.5L11 3l6 5-2.5 8H6zM4 7.5h0M11 3h0",
  undo: "M7 4L3.5 7.5 7 11M3.5 7.5H12a4.5 4.5 0 0 1 0 9H8",
  redo: "M13 4l3.5 3.5L13 11M16.5 7.5H8a4.5 4.5 0 0 0 0 9h4",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  planes: "M3 3h14v14H3zM11.5 3v14M11.5 10H17",
  enlarge: "M11.5 3H17v5.5M17 3l-6 6M8.5 17H3v-5.5M3 17l6-6",
  eye: "M2 10c2-3.6 4.7-5.4 8-5.4s6 1.8 8 5.4c-2 3.6-4.7 5.4-8 5.4S4 13.6 2 10zM10 7.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8z",
  closed: "M2 10c2-3.6 4.7-5.4 8-5.4s6 1.8 8 5.4c-2 3.6-4.7 5.4-8 5.4S4 13.6 2 10zM4 16.5L16 3.5",
  help: "M7.3 7.3a2.7 2.7 0 1 1 4.3 2.2c-1 .7-1.6 1.3-1.6 2.5M10 15v.2",
  pause: "M7 4.5v11M13 4.5v11",
  play: "M6.5 4l9 6-9 6z",
  more: "M4.5 10h.1M10 10h.1M15.5 10h.1",
  add: "M10 4v12M4 10h12",
  down: "M5 8l5 5 5-5",
  up: "M5 12l5-5 5 5",
  back: "M12.5 4.5L7 10l5.5 5.5",
  next: "M7.5 4.5L13 10l-5.5 5.5",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4 10.5l4 4L16 6",
  bin: "M4 6h12M8 6V4h4v2M6 6l.7 10.5h6.6L14 6",
};

/** Return an icon; it says nothing to screen readers, the control around it does. */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 20 20");
  picture.setAttribute("aria-hidden", "true");
  picture.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  picture.append(path);
  return picture;
}

/** Return a button with an icon, named for the pointer and for screen readers alike. */
export function iconButton(name, title, onclick, attributes = {}) {
  return el("button", { type: "button", title, "aria-label": title, onclick, ...attributes }, icon(name));
}

/** Set an attribute only where it differs: idle reruns then cost no layout. */
export function attribute(element, name, value) {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Set the text only where it differs. */
export function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
