// The policy that is tried out beside the one in force: how often and where the two differ.

import { attempt, count, h, when } from "./dom.mjs";
import { eventId, nameThem, person } from "./keys.mjs";
import { query } from "./relay.mjs";
import { call } from "./session.mjs";

function line(title, { agreed, only_policy_denies: policy, only_shadow_denies: shadow }) {
  return h("tr", {}, h("td", {}, title), [agreed, policy, shadow].map((value) => h("td", { class: "n" }, count(value))));
}

/** The event itself where it is stored, else as much of it as is remembered. */
async function whole({ id, kind, pubkey }) {
  const [event] = await query({ ids: [id] }).catch(() => []);
  return event ?? { id, kind, pubkey };
}

/**
 * Shows what is known of the shadow in `place`. `take(text)` is given its text, `ask(event, text)` an event that the policies
 * differ about.
 */
export async function showShadow(place, take, ask) {
  const shadow = await call("getshadow");
  const again = h("button", { type: "button", class: "small", onclick: () => attempt(() => showShadow(place, take, ask)) }, "Look again");
  if (shadow === null) {
    place.replaceChildren(h("h3", {}, "Shadow"), h("p", { class: "faint" }, "No policy is tried out beside the one in force: policy.shadow_file in the configuration names one."));
    return;
  }
  const { text, writes, reads, differed } = shadow;
  const rows = differed.map((event) => h("li", { "data-differed": event.id },
    h("div", { class: "what" },
      person(event.pubkey), " ", eventId(event.id), h("span", { class: "small faint" }, `kind ${event.kind}, ${when(event.at)}`),
      h("span", { class: "small" }, event.denied_by === "shadow" ? "taken, and the shadow would refuse it: " : "refused, and the shadow would take it; refused by ", h("code", {}, event.because))),
    h("button", { type: "button", class: "small", onclick: () => attempt(async () => ask(await whole(event), text)) }, "Explain")));
  place.replaceChildren(
    h("h3", {}, "Shadow"),
    h("p", { class: "faint" }, "A second policy, which refuses nothing: what it would have done, counted since it was read."),
    h("div", { class: "wide" }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}), ["agreed", "only in force denies", "only shadow denies"].map((name) => h("th", { class: "n" }, name)))),
      h("tbody", {}, line("Writing", writes), line("Reading", reads)))),
    h("ul", { class: "rows below" }, rows.length > 0 ? rows : h("li", { class: "nobody" }, "No event to be written was judged differently so far.")),
    h("div", { class: "bar" }, again, h("button", { type: "button", class: "small", onclick: () => take(text) }, "Take its text into the editor")));
  await nameThem();
}
