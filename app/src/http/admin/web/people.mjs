// Who may and who may not: bans, lists, members, invites, moderators, addresses.

import { attempt, field, h, say, when } from "./dom.mjs";
import { decode, eventId, person } from "./keys.mjs";
import { change, showList } from "./lists.mjs";
import { can } from "./session.mjs";

/** Lists of keys: the verbs that put one on it and take one off, and how these are called. */
const KEY_LISTS = [
  { title: "Banned", list: "listbannedpubkeys", put: "banpubkey", take: "unbanpubkey", verbs: ["Ban", "Unban"], done: ["banned", "no longer banned"],
    about: "Their events are refused and hidden, and they get no answers." },
  { title: "Allowed", list: "listallowedpubkeys", put: "allowpubkey", take: "unallowpubkey", verbs: ["Allow", "Take off"], done: ["allowed", "off the list"],
    about: "Who may write in mode “managed”. In mode “members”, allowing makes a member." },
  { title: "Members", list: "listmembers", put: "addmember", take: "removemember", verbs: ["Add", "Remove"], done: ["a member", "no longer a member"],
    about: "Who may write in mode “members”." },
  { title: "Moderators", list: "listmoderators", put: "addmoderator", take: "removemoderator", verbs: ["Add", "Remove"], done: ["a moderator", "no longer a moderator"],
    about: "Those added here. Those in the configuration moderate as well, and are changed there." },
  { title: "Trusted", list: "listtrustedpubkeys", put: "trustpubkey", take: "untrustpubkey", verbs: ["Trust", "Take off"], done: ["trusted", "no longer trusted"],
    about: "Mode “curating”: no daily limits for them." },
  { title: "Blacklisted", list: "listblacklistedpubkeys", put: "blacklistpubkey", take: "unblacklistpubkey", verbs: ["Blacklist", "Take off"], done: ["blacklisted", "off the blacklist"],
    about: "Mode “curating”: refused and hidden." },
];

const reasonOf = (entry) => entry.reason && h("span", { class: "small faint" }, entry.reason);

function ofKeys({ list, put, take, verbs, done, ...shown }) {
  const act = (method, key, reason, text, back) => ({
    method, params: reason ? [key, reason] : [key], done: `${key.slice(0, 8)}… is ${text}.`, undo: back,
  });
  const putting = (key, reason) => act(put, key, reason, done[0], act(take, key, "", done[1]));
  return {
    ...shown, list, key: "pubkey", removeLabel: verbs[1],
    remove: ({ pubkey, reason }) => act(take, pubkey, "", done[1], act(put, pubkey, reason, done[0])),
    row: (entry) => [
      person(entry.pubkey), reasonOf(entry),
      entry.joined_at && h("span", { class: "small faint" }, `since ${when(entry.joined_at)}`, entry.roles?.length ? `, ${entry.roles.join(", ")}` : ""),
    ],
    add: can(put) && ((refresh) => form(verbs[0], [
      { name: "key", label: "Public key", hint: "npub1… or hex", required: true, class: "grow" },
      { name: "reason", label: "Reason", maxlength: 500, class: "grow" },
    ], ({ key, reason }) => change(putting(decode("npub", key), reason.trim()), refresh))),
  };
}

/** How an invite code is shown. */
const inviteRow = ({ code, uses, expires_at: end, by }) => [
  h("code", {}, code),
  h("span", { class: "small faint" }, `${uses} uses left, ${end ? `until ${when(end)}` : "never expires"}, by `, person(by)),
];

const INVITES = {
  title: "Invites", list: "listinvites", key: "code", row: inviteRow, removeLabel: "Revoke",
  about: "A code makes whoever brings it a member, in mode “members”.",
  remove: ({ code, uses, expires_at: end }) => ({
    method: "revokeinvite", params: [code], done: "The invite is revoked.",
    // The same code again; a day that has begun counts as a whole one.
    undo: { method: "createinvite", params: [{ code, uses, days: end ? Math.max(1, Math.ceil((end - Date.now() / 1000) / 86_400)) : 0 }], done: "The invite is open again." },
  }),
  add: (refresh) => can("createinvite") && form("Create an invite", [
    { name: "uses", label: "Uses", type: "number", min: 1, value: 1 },
    { name: "days", label: "Days (0: for ever)", type: "number", min: 0, value: 7 },
  ], async ({ uses, days }) => {
    const order = { uses: Number(uses), days: Number(days) };
    const made = await change({ method: "createinvite", params: [order], done: "The invite is made." }, refresh);
    if (made) await navigator.clipboard?.writeText(made.result.code).then(() => say("The code is in your clipboard."), () => {});
    return made;
  }),
};

const EVENTS = {
  title: "Events", list: "listbannedevents", key: "id", removeLabel: "Allow",
  about: "Banned events: hidden, and refused when they come again. Ban one in “Events” or “Queue”.",
  row: (entry) => [eventId(entry.id), reasonOf(entry)],
  remove: ({ id, reason }) => ({
    method: "allowevent", params: [id], done: "The event is no longer banned.",
    undo: { method: "banevent", params: [id, reason], done: "The event is banned." },
  }),
};

const ADDRESSES = {
  title: "Addresses", list: "listblockedips", key: "ip", removeLabel: "Unblock",
  about: "Addresses and networks that cannot connect.",
  row: (entry) => [h("code", {}, entry.ip), reasonOf(entry), entry.until && h("span", { class: "small faint" }, `until ${when(entry.until)}`)],
  remove: ({ ip, reason }) => ({
    method: "unblockip", params: [ip], done: `${ip} is no longer blocked.`,
    undo: { method: "blockip", params: reason ? [ip, reason] : [ip], done: `${ip} is blocked for good.` },
  }),
  add: (refresh) => can("blockip") && form("Block", [
    { name: "ip", label: "Address or network", hint: "192.0.2.1 or 2001:db8::/32", required: true, class: "grow" },
    { name: "reason", label: "Reason", maxlength: 500, class: "grow" },
    { name: "hours", label: "Hours (0: for good)", type: "number", min: 0, value: 0 },
  ], ({ ip, reason, hours }) => {
    const seconds = Math.round(Number(hours) * 3600);
    const params = seconds > 0 ? [ip.trim(), reason.trim(), seconds] : [ip.trim(), reason.trim()];
    return change({
      method: "blockip", params, done: `${ip.trim()} is blocked.`,
      undo: { method: "unblockip", params: [ip.trim()], done: `${ip.trim()} is no longer blocked.` },
    }, refresh);
  }),
};

/** A form of one row. It is emptied when what it asks for was done. */
function form(verb, fields, submit) {
  const inputs = fields.map(({ label, hint, class: kind, ...attributes }) =>
    field(label, h("input", { type: "text", placeholder: hint, autocomplete: "off", ...attributes }), { class: kind }));
  const element = h("form", { class: "bar card" }, inputs, h("button", { class: "main" }, verb));
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      if (await submit(Object.fromEntries(new FormData(element)))) element.reset();
    });
  });
  return element;
}

/** Shows the view. */
export function show(main) {
  const lists = [...KEY_LISTS.slice(0, 3).map(ofKeys), INVITES, ...KEY_LISTS.slice(3).map(ofKeys), EVENTS, ADDRESSES].filter(({ list }) => can(list));
  const [about, place] = [h("p", { class: "faint" }), h("div")];
  const tabs = lists.map((list) => h("button", { type: "button", onclick: () => choose(list) }, list.title));
  function choose(list) {
    tabs.forEach((tab) => tab.setAttribute("aria-pressed", tab.textContent === list.title));
    about.textContent = list.about;
    return showList(place, { ...list, add: list.add || undefined });
  }
  main.append(h("h2", {}, "People"), h("div", { class: "tabs" }, tabs), about, place);
  choose(lists[0]);
}
