// Elements, made by hand. What people write goes in as text and nothing else.

const SVG = "http" + "://www.w3.org/2000/svg";

/** An element. `on...` are listeners, `false` and `null` leave an attribute away; children are elements or texts. */
export function h(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}

/** The same for drawings. */
export function svg(name, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, name), attributes, children);
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let silence;

/** Tells what was done, for some seconds; with a way back if there is one. */
export function say(text, undo) {
  const button = undo && h("button", { type: "button", onclick: () => { hush(); undo(); } }, "Undo");
  document.getElementById("said").replaceChildren(h("div", {}, h("span", {}, text), button));
  clearTimeout(silence);
  silence = setTimeout(hush, undo ? 12_000 : 6_000);
}

function hush() {
  document.getElementById("said").replaceChildren();
}

/** Runs what may fail, and tells why it did. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    // The end of a session is told where it is noticed.
    if (error.name !== "Over") say(`That did not work: ${error.message}`);
    return undefined;
  }
}

const number = new Intl.NumberFormat("en");
export const count = (value) => (value === null || value === undefined ? "?" : number.format(value));

/** So many of something that takes an “s” for more than one. */
export const many = (value, word) => `${count(value)} ${word}${value === 1 ? "" : "s"}`;

/** Bytes in the largest unit that leaves something before the point. */
export function bytes(value) {
  if (value === null || value === undefined) return "?";
  let unit = 0;
  while (value >= 1024 && unit < 5) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit]}`;
}

/** A time in seconds, in the largest unit that leaves something before the point. */
export function duration(seconds) {
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h ${Math.floor(seconds / 60) % 60} min`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  const [value, unit] = seconds >= 1 ? [seconds, "s"] : seconds >= 1e-3 ? [seconds * 1e3, "ms"] : [seconds * 1e6, "µs"];
  return `${value >= 10 || value < 0.05 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** A time in seconds since 1970, as people read it. */
export const when = (seconds) => (Number.isFinite(seconds) ? moment.format(seconds * 1000) : "");

/** A label over its field. */
export const field = (label, input, attributes = {}) => h("label", attributes, label, input);
