// What was reported (NIP-56), and a decision on each by one key.

import { attempt, h, when } from "./dom.mjs";
import { eventId, nameThem, person } from "./keys.mjs";
import { change } from "./lists.mjs";
import { query } from "./relay.mjs";
import { call } from "./session.mjs";

/** How many of a list are asked for at once, and how many cases are shown until more are wanted. */
const PAGE = 500;
const SHOWN = 50;

/** What can be decided: the key that does it, what it is called, what it needs. */
const DECISIONS = [
  { key: "e", label: "Ban event", danger: true, make: ({ id, reason }) => id && {
    method: "banevent", params: [id, reason], done: "The event is banned.",
    undo: { method: "allowevent", params: [id], done: "The event is allowed again, and its reports are settled." },
  } },
  { key: "a", label: "Ban author", danger: true, make: ({ pubkey, reason }) => pubkey && {
    method: "banpubkey", params: [pubkey, reason], done: "The author is banned.",
    undo: { method: "unbanpubkey", params: [pubkey], done: "The author is no longer banned." },
  } },
  { key: "d", label: "Dismiss", make: ({ id, pubkey }) => (id
    ? { method: "allowevent", params: [id], done: "The reports about the event are settled." }
    : { method: "dismissreports", params: [pubkey], done: "The reports about the key are settled." }) },
];

/** A whole list: the server has it by name, and people want what is most reported first. It has 10,000 entries at most. */
async function all(list, key) {
  const found = [];
  for (;;) {
    const page = await call(list, found.length === 0 ? { limit: PAGE } : { limit: PAGE, after: found.at(-1)[key] });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

/** Shows the view; gives what ends it. */
export function show(main) {
  const cases = h("div");
  const more = h("button", { type: "button", hidden: true, onclick: () => attempt(next) }, "More");
  const waiting = h("p", { class: "faint small" });
  /** All that is reported, most reported first, and those of it that have a card. */
  let reported = [];
  let open = [];
  let chosen = 0;

  function choose(place) {
    chosen = Math.max(0, Math.min(place, open.length - 1));
    open.forEach(({ card }, index) => card.setAttribute("aria-current", index === chosen));
    open[chosen]?.card.scrollIntoView({ block: "nearest" });
  }

  async function load() {
    const events = await all("listeventsneedingmoderation", "id");
    const keys = await all("listpubkeysneedingmoderation", "pubkey");
    reported = [...events, ...keys].sort((one, other) => other.reports - one.reports || one.first_at - other.first_at);
    const added = await cards(reported.slice(0, SHOWN));
    open = added;
    cases.replaceChildren(...added.map(({ card }) => card));
    await tell();
  }

  async function next() {
    const added = await cards(reported.slice(open.length, open.length + SHOWN));
    open.push(...added);
    cases.append(...added.map(({ card }) => card));
    await tell();
  }

  async function cards(entries) {
    const ids = entries.filter(({ id }) => id).map(({ id }) => id);
    const found = ids.length > 0 ? await query({ ids, limit: ids.length }).catch(() => []) : [];
    const byId = new Map(found.map((event) => [event.id, event]));
    return entries.map((entry) => {
      const event = byId.get(entry.id);
      const whole = entry.id ? { ...entry, event, pubkey: event?.pubkey } : entry;
      return { entry: whole, card: card(whole) };
    });
  }

  /** Says how many there are, and chooses one. */
  async function tell() {
    more.hidden = open.length >= reported.length;
    waiting.textContent = reported.length === 0 ? "" : `${reported.length} ${reported.length === 1 ? "waits" : "wait"} for a decision.`;
    if (reported.length === 0) cases.replaceChildren(h("p", { class: "card nobody" }, "Nothing waits for a decision."));
    choose(chosen);
    await nameThem();
  }

  const refresh = () => attempt(load);

  async function decide(decision, entry) {
    const order = decision.make({ ...entry, reason: entry.reason || "reported" });
    if (!order) return;
    // What comes back by "Undo" is looked for; what is decided just goes.
    let done = 0;
    await change(order, () => { done += 1; return done === 1 ? settle(order, entry) : refresh(); });
  }

  /** Takes away what a decision was about: an event, or a key with all its events. */
  async function settle({ method }, entry) {
    const isAbout = method === "banpubkey" ? ({ pubkey }) => pubkey === entry.pubkey : ({ id, pubkey }) => (entry.id ? id === entry.id : !id && pubkey === entry.pubkey);
    const settled = open.filter((other) => isAbout(other.entry));
    const gone = new Set(settled.map((other) => other.entry.id ?? other.entry.pubkey));
    for (const { card } of settled) card.remove();
    open = open.filter((other) => !settled.includes(other));
    reported = reported.filter(({ id, pubkey }) => !gone.has(id ?? pubkey));
    if (open.length === 0 && reported.length > 0) await next();
    else await tell();
  }

  function card(entry) {
    const { event, id, pubkey, reason, reports, first_at: first } = entry;
    const buttons = DECISIONS.filter((decision) => decision.make(entry)).map((decision) =>
      h("button", { type: "button", class: decision.danger && "danger", onclick: () => decide(decision, entry) },
        decision.label, " ", h("kbd", { "aria-hidden": "true" }, decision.key)));
    const told = id
      ? [pubkey ? person(pubkey) : "An event that is not stored here", " ", eventId(id), event && h("span", { class: "small faint" }, ` kind ${event.kind}, ${when(event.created_at)}`)]
      : ["The key ", person(pubkey)];
    return h("article", { class: "card report", "data-report": id ?? pubkey },
      h("p", {}, h("strong", {}, reason || "no reason"), h("span", { class: "faint" }, ` · ${reports} ${reports === 1 ? "report" : "reports"} since ${when(first)}`)),
      h("div", {}, told),
      event && h("p", { class: "content" }, event.content),
      h("div", { class: "bar" }, buttons));
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const decision = DECISIONS.find(({ key }) => key === event.key);
    const current = open[chosen];
    if (event.key === "j") choose(chosen + 1);
    else if (event.key === "k") choose(chosen - 1);
    else if (decision && current) decide(decision, current.entry);
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", pressed);
  main.append(
    h("h2", {}, "Moderation queue"),
    h("p", { class: "faint" }, "What people have reported, most reported first. ", h("kbd", {}, "j"), " and ", h("kbd", {}, "k"), " move; the letter on a button does what it says."),
    h("div", { class: "bar" }, h("button", { type: "button", onclick: refresh }, "Look again"), waiting),
    cases, more);
  refresh();
  return () => document.removeEventListener("keydown", pressed);
}
