// What was reported (NIP-56), and a decision on each by one key.

import { attempt, h, when } from "./dom.mjs";
import { eventId, nameThem, person } from "./keys.mjs";
import { change } from "./lists.mjs";
import { query } from "./relay.mjs";
import { call } from "./session.mjs";

const REPORTS = 50;

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

/** Shows the view; gives what ends it. */
export function show(main) {
  const cases = h("div");
  let open = [];
  let chosen = 0;

  function choose(place) {
    chosen = Math.max(0, Math.min(place, open.length - 1));
    open.forEach(({ card }, index) => card.setAttribute("aria-current", index === chosen));
    open[chosen]?.card.scrollIntoView({ block: "nearest" });
  }

  async function load() {
    const page = { limit: REPORTS };
    const events = await call("listeventsneedingmoderation", page);
    const keys = await call("listpubkeysneedingmoderation", page);
    const found = events.length > 0 ? await query({ ids: events.map(({ id }) => id) }).catch(() => []) : [];
    const byId = new Map(found.map((event) => [event.id, event]));
    const reported = [
      ...events.map((entry) => ({ ...entry, event: byId.get(entry.id), pubkey: byId.get(entry.id)?.pubkey })),
      ...keys,
    ].sort((one, other) => other.reports - one.reports || one.first_at - other.first_at);
    open = reported.map((entry) => ({ entry, card: card(entry) }));
    cases.replaceChildren(...open.map(({ card }) => card));
    if (open.length === 0) cases.append(h("p", { class: "card nobody" }, "Nothing waits for a decision."));
    choose(chosen);
    await nameThem();
  }

  const refresh = () => attempt(load);

  function decide(decision, entry) {
    const order = decision.make({ ...entry, reason: entry.reason || "reported" });
    return order && change(order, refresh);
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
    h("div", { class: "bar" }, h("button", { type: "button", onclick: refresh }, "Look again")),
    cases);
  refresh();
  return () => document.removeEventListener("keydown", pressed);
}
