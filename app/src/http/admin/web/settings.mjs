// What the relay is set to, and who has set it.

import { attempt, bytes, field, h } from "./dom.mjs";
import { call } from "./session.mjs";

/** A value in words: lists without brackets, what is in several parts as JSON. */
function shown(value) {
  if (Array.isArray(value)) return value.map(shown).join(", ") || "none";
  if (typeof value === "object") return JSON.stringify(value);
  return value === "" ? "empty" : String(value);
}

/** The same with a large number of bytes in words. */
const told = (name, value) => (typeof value === "number" && name.includes("bytes") && value >= 1024 ? `${value} (${bytes(value)})` : shown(value));

function line({ name, value, default: usual, from, place }) {
  const isSame = JSON.stringify(value) === JSON.stringify(usual);
  return h("li", { "data-setting": name, "data-from": from },
    h("div", { class: "what" }, h("code", {}, name), h("span", { class: "mono value" }, told(name, value))),
    h("div", { class: "small faint from" },
      from === "default" ? "default" : h("strong", {}, from), place && ` ${place}`,
      from !== "default" && !isSame && h("span", {}, `default: ${told(name, usual)}`)));
}

/** Shows the view. */
export function show(main) {
  const wanted = h("input", { type: "search", placeholder: "limits, or connections_max, or a value", autocomplete: "off" });
  const changed = h("input", { type: "checkbox" });
  const places = h("div");
  let settings = [];

  function draw() {
    const words = wanted.value.trim().toLowerCase();
    const fits = (setting) => (!changed.checked || setting.from !== "default") && `${setting.name} ${shown(setting.value)}`.toLowerCase().includes(words);
    const sections = Map.groupBy(settings.filter(fits), ({ name }) => name.split(".")[0]);
    places.replaceChildren(...[...sections].map(([section, list]) => h("section", { class: "card" }, h("h3", {}, section), h("ul", { class: "rows settings" }, list.map(line)))));
    if (sections.size === 0) places.append(h("p", { class: "card nobody" }, "No setting is like that."));
  }

  wanted.addEventListener("input", draw);
  changed.addEventListener("change", draw);
  main.append(
    h("h2", {}, "Settings"),
    h("p", { class: "faint" }, "What is in effect, and where each value comes from: the later of default, file, environment and command line counts. Change it there, and restart the relay."),
    h("div", { class: "bar" }, field("Search", wanted, { class: "grow" }), field("Only what somebody has set", changed, { class: "inline" })),
    places);
  attempt(async () => {
    settings = await call("listsettings");
    draw();
  });
}
