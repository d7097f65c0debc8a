// What is stored: found by a filter, shown as text, banned or deleted if need be.

import { attempt, count, field, h, when } from "./dom.mjs";
import { decode, eventId, nameThem, person } from "./keys.mjs";
import { asked, change } from "./lists.mjs";
import { authenticate, query } from "./relay.mjs";
import { can } from "./session.mjs";

const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** Seconds since 1970 of what a field for dates and times holds. */
const seconds = (value) => (value ? Math.floor(new Date(value).getTime() / 1000) : undefined);

/** The filter that the fields make. */
function build({ authors, ids, kinds, tag, values, since, until, limit }) {
  const filter = {};
  if (ids.trim()) filter.ids = words(ids).map((id) => decode("note", id));
  if (authors.trim()) filter.authors = words(authors).map((key) => decode("npub", key));
  if (kinds.trim()) filter.kinds = words(kinds).map(kind);
  if (values.trim()) filter[`#${tagName(tag)}`] = words(values);
  if (seconds(since) !== undefined) filter.since = seconds(since);
  if (seconds(until) !== undefined) filter.until = seconds(until);
  filter.limit = Number(limit) || 50;
  return filter;
}

function kind(text) {
  if (!/^\d{1,5}$/.test(text)) throw new Error(`a kind is a number, and not “${text}”`);
  return Number(text);
}

function tagName(text) {
  if (!/^[A-Za-z]$/.test(text.trim())) throw new Error("a tag's name is one letter");
  return text.trim();
}

/** Shows the view. */
export function show(main) {
  const found = h("div", { "aria-live": "polite" });
  const raw = h("textarea", { spellcheck: "false", "aria-label": "Filter" });
  const known = h("input", { type: "checkbox" });
  const input = (name, label, { class: kind, ...attributes } = {}) =>
    field(label, h("input", { type: "text", name, autocomplete: "off", ...attributes }), { class: kind });
  const form = h("form", { class: "card" },
    h("div", { class: "bar" },
      input("authors", "Authors", { class: "grow", placeholder: "npub1… or hex" }), input("ids", "Ids", { class: "grow", placeholder: "note1… or hex" }),
      input("kinds", "Kinds", { placeholder: "1, 7" })),
    h("div", { class: "bar" },
      input("tag", "Tag", { value: "t", size: 2, maxlength: 1 }), input("values", "with a value", { class: "grow" }),
      input("since", "Since", { type: "datetime-local" }), input("until", "Until", { type: "datetime-local" }),
      input("limit", "At most", { type: "number", min: 1, max: 500, value: 50 })),
    h("details", {}, h("summary", {}, "The filter as it is sent"), raw),
    h("div", { class: "bar end below" }, field("As who I am (asks the signer)", known, { class: "inline" }), h("button", { class: "main" }, "Find")));

  const filter = () => build(Object.fromEntries(new FormData(form)));
  function tellFilter() {
    try {
      raw.value = JSON.stringify(filter());
    } catch (error) {
      raw.value = `// ${error.message}`;
    }
  }

  async function find() {
    const wanted = form.querySelector("details").open ? JSON.parse(raw.value) : filter();
    if (known.checked) await authenticate();
    const events = await query(wanted);
    found.replaceChildren(
      h("p", { class: "faint" }, events.length === 0 ? "Nothing that you may see matches." : `${count(events.length)} found, newest first.`),
      ...events.map(card));
    await nameThem();
  }

  const refresh = () => attempt(find);

  function card(event) {
    const { id, pubkey, kind: number, created_at: made, tags, content } = event;
    const ban = (method, what, back, done) => can(method) && h("button", { type: "button", class: "danger small", onclick: () => change({
      method, params: [what, "by an administrator"], done: `The ${done} is banned.`, undo: { method: back, params: [what], done: `The ${done} is no longer banned.` },
    }, refresh) }, `Ban ${done}`);
    const [ask, deletion] = can("deleteevent") ? asked({
      label: "Delete", about: "It leaves the store now, and cannot be brought back from here.", reason: "Reason, for the audit log",
      fields: [field("Refuse it when it comes again (ban)", h("input", { type: "checkbox", name: "ban", checked: true }), { class: "inline" })], verb: "Delete it",
    }, (answer) => remove(id, answer)) : [];
    const text = h("pre", { hidden: true }, JSON.stringify(event, null, 2));
    const toggle = h("button", { type: "button", class: "small", "aria-expanded": "false", onclick: () => {
      text.hidden = !text.hidden;
      toggle.setAttribute("aria-expanded", String(!text.hidden));
    } }, "Raw");
    return h("article", { class: "card", "data-found": id },
      h("div", {}, person(pubkey), " ", eventId(id), h("span", { class: "small faint" }, ` kind ${number}, ${when(made)}${tags.length > 0 ? `, tags: ${tags.length}` : ""}`)),
      h("p", { class: "content" }, content),
      text,
      h("div", { class: "bar" }, toggle, ban("banevent", id, "allowevent", "event"), ban("banpubkey", pubkey, "unbanpubkey", "author"), ask),
      deletion);
  }

  /** Whoever deletes does not expect it back; but what was deleted leaves no mark, so a ban keeps it away. */
  async function remove(id, { reason, ban }) {
    const params = [id, reason.trim()];
    const gone = await change({ method: "deleteevent", params, done: "The event is deleted. It comes back when somebody sends it again." });
    if (gone && ban) await change({ method: "banevent", params, done: "The event is deleted, and refused when it comes again." });
    await refresh();
  }

  form.addEventListener("input", ({ target }) => { if (target !== raw) tellFilter(); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  const about = ["What is stored, by a filter. “Ban” hides an event and refuses it when it comes again, until the ban is lifted.",
    can("deleteevent") && " “Delete” removes it from the store for good."];
  main.append(h("h2", {}, "Events"), h("p", { class: "faint" }, about), form, found);
  tellFilter();
}
