// The log: what was written, and what is written now. A reader that is cut off goes on where it was.

import { attempt, field, h, say } from "./dom.mjs";
import { request } from "./session.mjs";

const LINES_MAX = 3_000;
const AGAIN_MS = 2_000;

const kindOf = (line) => (/\bERROR\b/.test(line) ? "error" : /\bWARN\b/.test(line) ? "warn" : "");

async function text(path, options) {
  const response = await request(path, options);
  const body = await response.text();
  if (!response.ok) throw new Error(body.trim());
  return { body, end: response.headers.get("log-end") };
}

/** Server-sent events, as they come. EventSource would do, but for the header that it cannot send. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    held += value;
    const whole = held.split("\n\n");
    held = whole.pop();
    for (const event of whole) yield parse(event);
  }
}

function parse(event) {
  const fields = { data: [] };
  for (const line of event.split("\n")) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (name === "data") fields.data.push(value);
    else if (name) fields[name] = value;
  }
  return fields;
}

/** Shows the view; gives what ends it. */
export function show(main) {
  const log = h("div", { class: "log", tabindex: 0, role: "log", "aria-live": "off", "aria-label": "Log" });
  const part = h("select");
  const wanted = h("input", { type: "search", placeholder: "words in the line" });
  const follow = h("input", { type: "checkbox", checked: true });
  const level = h("input", { type: "text", spellcheck: "false", maxlength: 1000 });
  const state = h("span", { class: "faint small", "data-stream": "" });
  let reading = new AbortController();

  function append(line, kind = kindOf(line)) {
    log.append(h("div", { class: kind, hidden: !line.includes(wanted.value) }, line));
    while (log.childElementCount > LINES_MAX) log.firstElementChild.remove();
    if (follow.checked) log.scrollTop = log.scrollHeight;
  }

  async function read() {
    reading.abort();
    const own = reading = new AbortController();
    const name = part.value;
    const below = name ? `/${encodeURIComponent(name)}` : "";
    log.replaceChildren();
    const { body, end } = await text(`logs${below}`);
    const lines = body.split("\n").filter((line) => line !== "").slice(-LINES_MAX);
    if (own.signal.aborted) return;
    for (const line of lines) append(line);
    let place = end;
    while (!own.signal.aborted) {
      try {
        place = await stream(`logs/stream${below}`, place, own.signal);
      } catch (error) {
        if (own.signal.aborted) return;
        state.textContent = `Cut off (${error.message}), trying again…`;
      }
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    }
  }

  /** Reads from a place on until it is cut off; gives the place then. */
  async function stream(path, from, signal) {
    let place = from;
    const headers = place === null ? {} : { "Last-Event-ID": place };
    const response = await request(path, { headers, signal });
    if (!response.ok) throw new Error((await response.text()).trim());
    state.textContent = "Live";
    try {
      for await (const { id, event, data } of events(response)) {
        place = id ?? place;
        if (event === "missed") append(`${data.join("")} bytes came too fast and are missing here`, "note");
        else if (event === "restarted") append("the relay was started anew", "note");
        else if (data.length > 0) append(data.join("\n"));
      }
    } catch {
      // Cut off: the same as an end.
    }
    if (!signal.aborted) state.textContent = "Cut off, trying again…";
    return place;
  }

  const tellLevel = async () => { level.value = (await text("logs/level")).body.trim(); };
  async function setLevel(event) {
    event.preventDefault();
    await attempt(async () => {
      level.value = (await text("logs/level", { method: "PUT", body: level.value })).body.trim();
      say(`Logged is now: ${level.value}`);
    });
  }

  part.addEventListener("change", () => attempt(read));
  wanted.addEventListener("input", () => {
    for (const line of log.children) line.hidden = !line.textContent.includes(wanted.value);
  });
  main.append(
    h("h2", {}, "Log"),
    h("div", { class: "bar" },
      field("Part", part), field("Search", wanted, { class: "grow" }), field("Follow", follow, { class: "inline" }), state),
    log,
    h("form", { class: "bar card", onsubmit: setLevel },
      field("What is logged: a level (error, warn, info, debug, trace), or part=level,…", level, { class: "grow" }), h("button", {}, "Set")));
  attempt(async () => {
    const parts = JSON.parse((await text("logs/components")).body);
    part.append(h("option", { value: "" }, "everything"), ...parts.map(({ name, about }) => h("option", { value: name, title: about }, name)));
    await tellLevel();
    await read();
  });
  return () => reading.abort();
}
