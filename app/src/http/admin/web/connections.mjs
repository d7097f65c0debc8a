// Who is connected, what that takes of the relay, and an end to one.

import { attempt, bytes, count, duration, field, h, many, when } from "./dom.mjs";
import { nameThem, person } from "./keys.mjs";
import { asked, change } from "./lists.mjs";
import { call, can } from "./session.mjs";

const EVERY_MS = 5_000;
const ROWS = 50;

/** What lists can be put in order by; the last one is about connections here and about how many of them there. */
const ORDERS = [
  ["work", "work"], ["bytes_sent", "bytes sent to them"], ["bytes_received", "bytes from them"], ["messages", "messages"],
  ["subscriptions", "subscriptions"], ["number", "newest"],
];

/** What a look told of the work, by entry, so that the next one can tell how much of it is new. */
let before = { time: 0, work: new Map() };

function lately(name, work, now) {
  const then = before.work.get(name);
  const seconds = (now - before.time) / 1000;
  // What was looked at long ago says nothing about now.
  if (then === undefined || seconds <= 0 || seconds > 60) return null;
  const percent = Math.max(0, work - then) / (seconds * 10_000);
  return `${percent >= 1 ? Math.round(percent) : percent.toFixed(1)}% of a processor now`;
}

function numbers(entry, name, now) {
  const parts = [
    lately(name, entry.work_microseconds, now),
    `work ${duration(entry.work_microseconds / 1e6)}`,
    `${bytes(entry.bytes_sent)} to them`, `${bytes(entry.bytes_received)} from them`,
    many(entry.messages, "message"), many(entry.events, "event"), `${many(entry.events_sent, "event")} to them`, many(entry.subscriptions, "subscription"),
  ];
  return h("span", { class: "small faint" }, parts.filter(Boolean).join(" · "));
}

/** Shows the view; gives what ends it. */
export function show(main) {
  const rows = h("ul", { class: "rows card" });
  const order = h("select", {}, ORDERS.map(([value, label]) => h("option", { value }, label)));
  const address = h("input", { type: "text", placeholder: "192.0.2.1 or 2001:db8::/64", autocomplete: "off" });
  const live = h("input", { type: "checkbox", checked: true });
  const tabs = ["Connections", "By address"].map((title) => h("button", { type: "button", onclick: () => choose(title) }, title));
  let list = "Connections";
  let timer;
  let ended = false;
  /** How often was asked: an answer that was overtaken is not shown. */
  let looks = 0;

  async function load() {
    looks += 1;
    const own = looks;
    const wanted = { by: order.value, limit: ROWS };
    const isByAddress = list === "By address";
    if (!isByAddress && address.value.trim()) wanted.address = address.value.trim();
    const found = await call(isByAddress ? "listconnectionaddresses" : "listconnections", wanted);
    const now = Date.now();
    if (ended || own !== looks || isBusy()) return;
    const name = (entry) => (isByAddress ? `of ${entry.address}` : entry.number);
    rows.replaceChildren(...found.map((entry) => (isByAddress ? ofAddress : ofConnection)(entry, numbers(entry, name(entry), now))));
    if (found.length === 0) rows.append(h("li", { class: "nobody" }, "Nobody is connected like that."));
    before = { time: now, work: new Map(found.map((entry) => [name(entry), entry.work_microseconds])) };
    await nameThem();
  }

  const refresh = () => attempt(load);
  /** Whether somebody is writing a reason: the list stays as it is meanwhile. */
  const isBusy = () => rows.querySelector("form:not([hidden])") !== null;

  function block(where) {
    return where && can("blockip") && h("button", { type: "button", class: "danger small", onclick: () => change({
      method: "blockip", params: [where, "by an administrator"], done: `${where} is blocked.`,
      undo: { method: "unblockip", params: [where], done: `${where} is no longer blocked.` },
    }, refresh) }, "Block");
  }

  function ofAddress(entry, told) {
    const where = entry.address;
    return h("li", { "data-entry": where ?? "hidden" },
      h("div", { class: "what" }, h("code", {}, where ?? "hidden by a proxy"), h("span", {}, `${count(entry.connections)} open`), told),
      h("div", { class: "acts" },
        where && h("button", { type: "button", class: "small", onclick: () => { address.value = where; choose("Connections"); } }, "Show"), block(where)));
  }

  function ofConnection(entry, told) {
    const [ask, form] = can("closeconnection") ? asked({ label: "Close", reason: "Reason, for the client to read", verb: "Close it" },
      ({ reason }) => change({ method: "closeconnection", params: [entry.number, reason.trim()], done: `Connection ${entry.number} is closed.` }, refresh)) : [];
    return h("li", { "data-entry": entry.number },
      h("div", { class: "what" },
        h("code", {}, entry.address ?? "hidden by a proxy"), " ", entry.pubkey && person(entry.pubkey),
        h("span", { class: "small faint" }, `number ${entry.number}, since ${when(entry.opened_at)}`), told),
      h("div", { class: "acts" }, ask, block(entry.address)), form);
  }

  function choose(title) {
    list = title;
    tabs.forEach((tab) => tab.setAttribute("aria-pressed", String(tab.textContent === title)));
    address.disabled = title !== "Connections";
    order.lastElementChild.textContent = title === "Connections" ? "newest" : "connections";
    rows.replaceChildren();
    return refresh();
  }

  async function keep() {
    if (!document.hidden && live.checked && !isBusy()) await refresh();
    if (!ended) timer = setTimeout(keep, EVERY_MS);
  }

  order.addEventListener("change", refresh);
  address.addEventListener("change", refresh);
  main.append(
    h("h2", {}, "Connections"),
    h("p", { class: "faint" }, "The dearest first. Work is the time in which the relay checked their events and answered their requests; the rest is counted since they connected."),
    h("div", { class: "tabs" }, tabs),
    h("div", { class: "bar" },
      field("Most", order), field("From", address, { class: "grow" }), field("Every five seconds", live, { class: "inline" }),
      h("button", { type: "button", onclick: refresh }, "Look again")),
    rows);
  choose(list);
  timer = setTimeout(keep, EVERY_MS);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
