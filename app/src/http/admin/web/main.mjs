// The frame: sign-in, the views that the role may see, and one of them.

import { base } from "./base.mjs";
import { attempt, h, say } from "./dom.mjs";
import { encode } from "./keys.mjs";
import * as connections from "./connections.mjs";
import * as dashboard from "./dashboard.mjs";
import * as events from "./events.mjs";
import * as logs from "./logs.mjs";
import * as people from "./people.mjs";
import * as policy from "./policy.mjs";
import * as queue from "./queue.mjs";
import * as settings from "./settings.mjs";
import { can, current, news, resume, signOut } from "./session.mjs";
import { showSignIn, signerAsks } from "./signin.mjs";

/** In the order of the menu; `needs` is a method without which there is nothing to see. */
const VIEWS = [
  { id: "dashboard", title: "Dashboard", needs: "stats", view: dashboard },
  { id: "people", title: "People", needs: "listbannedpubkeys", view: people },
  { id: "queue", title: "Queue", needs: "listeventsneedingmoderation", view: queue },
  { id: "events", title: "Events", needs: "banevent", view: events },
  { id: "connections", title: "Connections", needs: "listconnections", view: connections },
  { id: "policy", title: "Policy", needs: "getpolicy", view: policy },
  { id: "logs", title: "Log", needs: "listauditlog", view: logs },
  { id: "settings", title: "Settings", needs: "listsettings", view: settings },
];

const main = document.getElementById("main");
const menu = document.getElementById("views");
const who = document.getElementById("who");
let leave = null;

function show() {
  leave?.();
  leave = null;
  main.replaceChildren();
  const session = current();
  who.replaceChildren(...(session ? signedIn(session) : []));
  menu.hidden = !session;
  if (!session) {
    leave = showSignIn(main, show);
    return;
  }
  const views = VIEWS.filter(({ needs }) => can(needs));
  const chosen = views.find(({ id }) => `#${id}` === location.hash) ?? views[0];
  menu.replaceChildren(...views.map((view) => h("a", { href: `#${view.id}`, "aria-current": view === chosen && "page" }, view.title)));
  menu.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (chosen) leave = chosen.view.show(main) ?? null;
}

function signedIn({ pubkey, role }) {
  const key = encode("npub", pubkey);
  return [
    h("span", { title: key }, h("span", { class: "key" }, `${key.slice(0, 10)}… · `), role),
    h("button", { type: "button", class: "small", onclick: () => attempt(signOut).then(show) }, "Sign out"),
  ];
}

async function tellName() {
  const response = await fetch(base, { headers: { Accept: "application/nostr+json" } });
  const { name } = await response.json();
  if (name) document.getElementById("name").textContent = document.title = name;
}

addEventListener("hashchange", show);
news.addEventListener("over", () => {
  show();
  say("Your session is over: sign in again.");
});
news.addEventListener("signer", ({ detail }) => { if (current()?.role) say(signerAsks(detail)); });
tellName().catch(() => {});
await resume();
show();
