// What people do with the administration at /admin, in a browser: each task by somebody who may and by somebody who may not.
//
//   RELAY_URL=ws://127.0.0.1:7447 node client.mjs [words in a check's name]
//
// The relay has to run with `relay.toml` and `policy.json` beside this file. Exits with 1 when a check fails.
// PICTURES=folder takes a picture of each view.

import assert from "node:assert/strict";
import { ADMIN, publish, RELAY_URL, stay, stored, Visit } from "./browser.mjs";
import { admin, moderator, now, owner, Person, RemoteSigner } from "./people.mjs";

/** Whatever would become more than text if it were not shown as text. */
const NASTY = '<img src=x onerror="alert(1)"><script>alert(2)</script> & "quotes" </p>';

const row = (visit, hex) => visit.page.locator(`[data-entry="${hex}"]`);
const report = (author, { id, pubkey }, word) => author.sign({ kind: 1984, tags: [...(id ? [["e", id, word]] : []), ["p", pubkey, ...(id ? [] : [word])]] });

/** Reports get into the queue a moment after they are stored. */
async function waitForReport(visit, what) {
  for (let tries = 0; tries < 100; tries += 1) {
    await visit.button("Look again").click();
    const card = visit.page.locator(`[data-report="${what}"]`);
    if (await card.waitFor({ timeout: 200 }).then(() => true, () => false)) return card;
  }
  throw new Error(`the report about ${what} did not come`);
}

/** Moves to the card by the keyboard. */
async function chooseCard(visit, card) {
  await visit.page.locator("h2").click();
  for (let tries = 0; tries < 60; tries += 1) await visit.page.keyboard.press("k");
  for (let tries = 0; tries < 60 && (await card.getAttribute("aria-current")) !== "true"; tries += 1) await visit.page.keyboard.press("j");
  assert.equal(await card.getAttribute("aria-current"), "true");
}

async function put(visit, key, reason) {
  await visit.page.getByLabel("Public key").fill(key);
  await visit.page.getByLabel("Reason").fill(reason);
  await visit.page.keyboard.press("Enter");
}

const checks = {
  async "sign-in: not without a signer, not for strangers"() {
    const without = await Visit.start({});
    await without.button("Sign in").click();
    await without.page.getByText("This browser has no signer").waitFor();
    await without.picture("sign-in");
    await without.end();
    const stranger = await Visit.start({ person: new Person() });
    await stranger.button("Sign in").click();
    await stranger.page.getByText("neither owner nor admin nor moderator").waitFor();
    assert.equal(await stranger.page.getByRole("link", { name: "People" }).count(), 0);
    await stranger.end();
  },

  async "sign-in: by the keyboard; kept when loaded again; over at sign-out"() {
    const visit = await Visit.start({ person: admin });
    await visit.button("Sign in").focus();
    await visit.page.keyboard.press("Enter");
    await visit.button("Sign out").waitFor();
    await visit.page.reload();
    await visit.button("Sign out").waitFor();
    const token = await visit.page.evaluate(() => sessionStorage.getItem("chappe-session"));
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.equal((await visit.context.cookies()).length, 0);
    await visit.button("Sign out").click();
    await visit.button("Sign in").waitFor();
    const answer = await fetch(`${ADMIN}/session`, { headers: { Authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 401);
    await visit.end();
  },

  async "sign-in: by a signer that is elsewhere, which is invited or named; not as a stranger"() {
    const signer = await new RemoteSigner(owner, `${RELAY_URL}/`).listen();
    const visit = await Visit.start({});
    const open = (other) => other.page.getByText("By a signer that is elsewhere").click();
    await open(visit);
    await visit.button("Invite one instead").click();
    const invitation = visit.page.locator("[data-invitation]");
    await invitation.waitFor();
    await visit.page.getByRole("img", { name: "QR code" }).waitFor();
    await visit.picture("sign-in-invitation");
    await signer.accept(await invitation.innerText());
    await visit.button("Sign out").waitFor();
    // The same signer signs what else there is to sign.
    await visit.go("Policy");
    await visit.page.waitForFunction(() => document.querySelector("textarea").value.includes("7777"));
    await visit.button("Apply").click();
    await visit.hears("The policy is in force");
    assert.deepEqual(signer.asked, [27235, 12345]);
    await visit.button("Sign out").click();
    await open(visit);
    await visit.page.getByLabel("Its address").fill("bunker://nonsense");
    await visit.button("Connect").click();
    await visit.page.getByText("this is no address of a remote signer").waitFor();
    await visit.page.getByLabel("Its address").fill(signer.bunker.replace(/relay=[^&]*/, "relay=wss%3A%2F%2Fother.example"));
    await visit.button("Connect").click();
    await visit.page.getByText("does not listen at this relay").waitFor();
    await visit.page.getByLabel("Its address").fill(signer.bunker.replace("open", "wrong"));
    await visit.page.keyboard.press("Enter");
    await visit.page.getByText("who is that?").waitFor();
    // Two sign-ins of one second would be one and the same event, which is good once.
    await visit.page.waitForTimeout(1_100);
    await visit.page.getByLabel("Its address").fill(signer.bunker);
    await visit.page.keyboard.press("Enter");
    await visit.button("Sign out").waitFor();
    await visit.end();
    const stranger = await Visit.start({ width: 390, height: 800, dark: true });
    const theirs = await new RemoteSigner(new Person(), `${RELAY_URL}/`).listen();
    await open(stranger);
    await stranger.button("Invite one instead").click();
    await stranger.page.locator("[data-invitation]").waitFor();
    await stranger.picture("phone-dark-sign-in-invitation");
    await stranger.page.getByLabel("Its address").fill(theirs.bunker);
    await stranger.page.keyboard.press("Enter");
    await stranger.page.getByText("neither owner nor admin nor moderator").waitFor();
    await stranger.end();
  },

  async "session: when it is over, the page says so"() {
    const visit = await Visit.start({ person: admin });
    await visit.signIn();
    const token = await visit.page.evaluate(() => sessionStorage.getItem("chappe-session"));
    await fetch(`${ADMIN}/session`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
    await visit.page.getByRole("link", { name: "People", exact: true }).click();
    await visit.hears("Your session is over");
    await visit.button("Sign in").waitFor();
    await visit.end();
  },

  async "people: a moderator bans with a reason, undoes it, and does not allow"() {
    const [visit, spammer] = [await Visit.start({ person: moderator }), new Person()];
    await publish(spammer.sign({ kind: 0, content: JSON.stringify({ name: NASTY }) }));
    await visit.signIn();
    await visit.go("People");
    await put(visit, spammer.npub, NASTY);
    await visit.hears("is banned");
    assert.ok((await row(visit, spammer.pubkey).innerText()).includes(NASTY));
    assert.equal(await visit.page.locator("main img, main script").count(), 0);
    assert.match(await publish(spammer.sign({ content: "no" })), /^blocked: /);
    await visit.button("Undo").click();
    await visit.hears("no longer banned");
    await row(visit, spammer.pubkey).waitFor({ state: "detached" });
    assert.equal(await publish(spammer.sign({ content: "yes" })), "");
    await put(visit, "npub1nonsense", "");
    await visit.hears("That did not work");
    // What an admin may, and they not.
    await visit.button("Allowed").click();
    await visit.page.getByText("Who may write in mode").waitFor();
    assert.equal(await visit.page.getByLabel("Public key").count(), 0);
    assert.equal(await visit.button("Invites").count(), 0);
    assert.equal(await visit.button("Moderators").count(), 0);
    assert.equal(await visit.page.getByRole("link", { name: "Policy" }).count(), 0);
    assert.equal(await visit.page.getByRole("link", { name: "Log", exact: true }).count(), 0);
    await visit.end();
  },

  async "people: an admin allows, adds members, makes and revokes invites, blocks addresses"() {
    const [visit, friend] = [await Visit.start({ person: admin }), new Person()];
    await visit.signIn();
    await visit.go("People");
    for (const list of ["Allowed", "Members"]) {
      await visit.button(list).click();
      await put(visit, friend.pubkey, "a friend");
      await row(visit, friend.pubkey).waitFor();
      await row(visit, friend.pubkey).getByRole("button").click();
      await row(visit, friend.pubkey).waitFor({ state: "detached" });
    }
    await visit.button("Invites").click();
    await visit.page.getByLabel("Uses").fill("3");
    await visit.button("Create an invite").click();
    await visit.page.getByText("3 uses left").waitFor();
    await visit.button("Revoke").click();
    await visit.page.getByText("3 uses left").waitFor({ state: "detached" });
    await visit.button("Undo").click();
    await visit.hears("open again");
    await visit.page.getByText("3 uses left").waitFor();
    await visit.button("Revoke").click();
    await visit.page.getByText("3 uses left").waitFor({ state: "detached" });
    await visit.button("Addresses").click();
    await visit.page.getByLabel("Address or network").fill("192.0.2.0/24");
    await visit.button("Block", { exact: true }).click();
    await row(visit, "192.0.2.0/24").waitFor();
    await row(visit, "192.0.2.0/24").getByRole("button").click();
    await row(visit, "192.0.2.0/24").waitFor({ state: "detached" });
    // Who moderates is for owners to say.
    await visit.button("Moderators").click();
    await visit.page.getByText("Those added here").waitFor();
    assert.equal(await visit.page.getByLabel("Public key").count(), 0);
    await visit.end();
  },

  async "people: an owner adds a moderator, and takes the role away"() {
    const [visit, helper] = [await Visit.start({ person: owner }), new Person()];
    await visit.signIn();
    await visit.go("People");
    await visit.button("Moderators").click();
    await put(visit, helper.npub, "helps");
    await row(visit, helper.pubkey).waitFor();
    const theirs = await Visit.start({ person: helper });
    await theirs.signIn();
    await row(visit, helper.pubkey).getByRole("button").click();
    await row(visit, helper.pubkey).waitFor({ state: "detached" });
    await theirs.page.getByRole("link", { name: "People", exact: true }).click();
    await theirs.hears("Your session is over");
    await theirs.end();
    await visit.end();
  },

  async "people: a long list comes page by page"() {
    const visit = await Visit.start({ person: admin });
    await visit.signIn();
    await visit.page.evaluate(async (count) => {
      const token = sessionStorage.getItem("chappe-session");
      for (let number = 0; number < count; number += 1) {
        const key = number.toString(16).padStart(64, "a");
        await fetch("admin/api", { method: "POST", headers: { Authorization: `Bearer ${token}` }, body: JSON.stringify({ method: "banpubkey", params: [key, `number ${number}`] }) });
      }
    }, 60);
    await visit.go("People");
    // The relay gives less at once than the page asks for.
    for (const shown of [20, 40]) {
      await visit.page.waitForFunction((count) => document.querySelectorAll("[data-entry]").length === count, shown);
      await visit.button("More").click();
    }
    await visit.page.getByText("number 59", { exact: true }).waitFor();
    await visit.button("More").waitFor({ state: "hidden" });
    await visit.end();
  },

  async "queue: each decision by one key, and the way back"() {
    const [visit, author, other] = [await Visit.start({ person: moderator }), new Person(), new Person()];
    const notes = [1, 2, 3].map((number) => author.sign({ content: `${NASTY} ${number}` }));
    assert.equal(await publish(...notes, ...notes.map((note) => report(new Person(), note, "spam")), report(new Person(), { pubkey: other.pubkey }, "impersonation")), "");
    await visit.signIn();
    await visit.go("Queue");
    const [first, second] = [await waitForReport(visit, notes[0].id), await waitForReport(visit, notes[1].id)];
    assert.ok((await first.innerText()).includes(`${NASTY} 1`));
    assert.equal(await visit.page.locator("main img, main script").count(), 0);
    await visit.picture("queue");
    await chooseCard(visit, first);
    await visit.page.keyboard.press("e");
    await visit.hears("The event is banned");
    await first.waitFor({ state: "detached" });
    assert.deepEqual(await stored(notes[0].id), []);
    await visit.button("Undo").click();
    await visit.hears("allowed again");
    assert.deepEqual(await stored(notes[0].id), [notes[0].id]);
    await chooseCard(visit, second);
    await visit.page.keyboard.press("d");
    await visit.hears("are settled");
    await second.waitFor({ state: "detached" });
    const third = await waitForReport(visit, notes[2].id);
    await chooseCard(visit, third);
    await visit.page.keyboard.press("a");
    await visit.hears("The author is banned");
    assert.match(await publish(author.sign({ content: "again" })), /^blocked: /);
    await visit.button("Undo").click();
    await visit.hears("no longer banned");
    const key = await waitForReport(visit, other.pubkey);
    await key.getByRole("button", { name: "Dismiss" }).click();
    await key.waitFor({ state: "detached" });
    await visit.end();
  },

  async "queue: the most reported comes first, and the rest page by page"() {
    const [visit, authors] = [await Visit.start({ person: moderator }), Array.from({ length: 60 }, () => new Person())];
    const [first, ...others] = authors;
    // One key reports a hundred things at most, and the relay looks at a thousand reports a second.
    await publish(...others.map((author) => report(new Person(), { pubkey: author.pubkey }, "spam")), ...[1, 2, 3].map(() => report(new Person(), { pubkey: first.pubkey }, "illegal")));
    await visit.signIn();
    await visit.go("Queue");
    await waitForReport(visit, first.pubkey);
    const cards = visit.page.locator("[data-report]");
    for (let tries = 0; tries < 50 && !(await visit.button("More").isVisible()); tries += 1) {
      await visit.button("Look again").click();
      await visit.page.waitForTimeout(200);
    }
    for (let tries = 0; tries < 50 && (await cards.count()) !== 50; tries += 1) await visit.page.waitForTimeout(100);
    assert.equal(await cards.count(), 50);
    assert.equal(await cards.first().getAttribute("data-report"), first.pubkey);
    await visit.button("More").click();
    for (let tries = 0; tries < 50 && (await cards.count()) < 60; tries += 1) await visit.page.waitForTimeout(100);
    assert.ok((await cards.count()) >= 60);
    const all = await cards.evaluateAll((elements) => elements.map((element) => element.dataset.report));
    assert.equal(new Set(all).size, all.length);
    await visit.end();
  },

  async "people: banned events are listed and allowed again"() {
    const [visit, author] = [await Visit.start({ person: moderator }), new Person()];
    const note = author.sign({ content: "banned by its id" });
    await publish(note);
    await visit.signIn();
    await visit.go("Events");
    await visit.page.getByLabel("Ids").fill(note.id);
    await visit.button("Find").click();
    await visit.button("Ban event").click();
    await visit.hears("The event is banned");
    await visit.go("People");
    await visit.button("Events").click();
    await row(visit, note.id).getByRole("button", { name: "Allow" }).click();
    await row(visit, note.id).waitFor({ state: "detached" });
    assert.deepEqual(await stored(note.id), [note.id]);
    await visit.end();
  },

  async "connections: an admin sees what they take, and closes one with a reason; a moderator does not"() {
    const [visit, other] = [await Visit.start({ person: admin }), await stay()];
    other.socket.send(JSON.stringify(["REQ", "all", { kinds: [1] }]));
    await visit.signIn();
    await visit.go("Connections");
    await visit.page.getByLabel("Most").selectOption("number");
    const newest = visit.page.locator("[data-entry]").first();
    await newest.getByText("1 subscription").waitFor();
    await visit.page.getByText(/% of a processor now/).first().waitFor();
    await visit.picture("connections");
    await newest.getByRole("button", { name: "Close" }).click();
    await visit.page.keyboard.type(NASTY);
    await visit.page.keyboard.press("Enter");
    await visit.hears("is closed");
    assert.equal(await other.closed, 1008);
    assert.deepEqual(other.heard.at(-1), ["NOTICE", `blocked: an administrator closes this connection: ${NASTY}`]);
    await visit.button("By address").click();
    await visit.page.locator('[data-entry="127.0.0.1"]').waitFor();
    await visit.picture("connections-by-address");
    await visit.page.locator('[data-entry="127.0.0.1"]').getByRole("button", { name: "Show" }).click();
    await visit.page.getByText(/number \d+, since/).first().waitFor();
    await visit.page.getByRole("textbox", { name: "From" }).fill("192.0.2.7");
    await visit.page.keyboard.press("Enter");
    await visit.page.getByText("Nobody is connected like that").waitFor();
    // The relay's own machine is not to be shut out, and the log says who closed what.
    await visit.go("Log");
    await visit.page.locator(".log").getByText("an administrator closes a connection").first().waitFor();
    await visit.end();
    const moderating = await Visit.start({ person: moderator });
    await moderating.signIn();
    for (const view of ["Connections", "Settings"]) assert.equal(await moderating.page.getByRole("link", { name: view }).count(), 0);
    await moderating.end();
  },

  async "settings: what is in effect, and who has set it"() {
    const visit = await Visit.start({ person: admin });
    await visit.signIn();
    await visit.go("Settings");
    const setting = (name) => visit.page.locator(`[data-setting="${name}"]`);
    await setting("listen.addresses").waitFor();
    assert.equal(await setting("listen.addresses").getAttribute("data-from"), "command line");
    assert.match(await setting("policy.file").innerText(), /relay\.toml:\d+/);
    assert.match(await setting("limits.limit_max").innerText(), /5000[^]*default/);
    await visit.page.getByLabel("Search").fill("limit_max");
    assert.equal(await visit.page.locator("[data-setting]").count(), 1);
    await visit.page.getByLabel("Search").fill("");
    await visit.page.getByLabel("Only what somebody has set").check();
    await setting("limits.limit_max").waitFor({ state: "detached" });
    await setting("access.owners").waitFor();
    await visit.picture("settings");
    await visit.end();
  },

  async "dashboard: numbers that move"() {
    const visit = await Visit.start({ person: moderator });
    await visit.signIn();
    await visit.go("Dashboard");
    const taken = visit.page.locator('[data-number="Events taken"] dd');
    await taken.waitFor();
    const before = Number((await taken.innerText()).replaceAll(",", ""));
    const author = new Person();
    await publish(...[1, 2, 3].map((number) => author.sign({ content: `${number}` })));
    await publish({ ...author.sign({ content: "forged" }), content: "changed" });
    for (let tries = 0; tries < 50 && Number((await taken.innerText()).replaceAll(",", "")) < before + 3; tries += 1) await visit.page.waitForTimeout(200);
    assert.ok(Number((await taken.innerText()).replaceAll(",", "")) >= before + 3);
    await visit.page.getByText("Refused since the start").waitFor();
    await visit.page.locator("td", { hasText: "invalid" }).first().waitFor();
    await visit.page.locator("polyline").first().waitFor({ state: "attached" });
    // Something was checked and committed lately, so it took a time.
    await visit.page.locator("section", { hasText: "99 of 100 within" }).first().getByText(/validate [\d.]+ (µs|ms)/).waitFor();
    await visit.page.locator('[data-number="Disk, free"]').getByText(/of [\d.]+ [GT]iB/).waitFor();
    await visit.picture("dashboard");
    await visit.end();
  },

  async "events: found by a filter, raw and as text, banned and back"() {
    const [visit, author] = [await Visit.start({ person: moderator }), new Person()];
    const note = author.sign({ content: NASTY, tags: [["t", "towers"]] });
    await publish(note, author.sign({ content: "another", created_at: now() - 10 }));
    await visit.signIn();
    await visit.go("Events");
    await visit.page.getByLabel("Authors").fill(author.npub);
    await visit.page.getByLabel("with a value").fill("towers");
    await visit.button("Find").click();
    const card = visit.page.locator(`[data-found="${note.id}"]`);
    await card.waitFor();
    assert.equal(await visit.page.locator("[data-found]").count(), 1);
    assert.ok((await card.innerText()).includes(NASTY));
    assert.equal(await visit.page.locator("main img, main script").count(), 0);
    await card.getByRole("button", { name: "Raw" }).click();
    await card.locator("pre").getByText(note.sig).waitFor();
    await visit.picture("events");
    await card.getByRole("button", { name: "Ban event" }).click();
    await visit.hears("The event is banned");
    await card.waitFor({ state: "detached" });
    await visit.button("Undo").click();
    await card.waitFor();
    await card.getByRole("button", { name: "Ban author" }).click();
    await visit.hears("The author is banned");
    await card.waitFor({ state: "detached" });
    await visit.button("Undo").click();
    await card.waitFor();
    // Signed in on the connection, too.
    await visit.page.getByLabel("As who I am").check();
    await visit.button("Find").click();
    await card.waitFor();
    await visit.end();
  },

  async "events: deleted by an admin, by the keyboard, with a ban or without one; not by a moderator"() {
    const author = new Person();
    const [first, second] = ["deleted and banned", "only deleted"].map((content) => author.sign({ content }));
    assert.equal(await publish(first, second), "");
    const visit = await Visit.start({ person: admin });
    await visit.signIn();
    await visit.go("Events");
    await visit.page.getByLabel("Authors").fill(author.npub);
    await visit.button("Find").click();
    const card = (event) => visit.page.locator(`[data-found="${event.id}"]`);
    const ask = (event) => card(event).getByRole("button", { name: "Delete", exact: true });
    await ask(first).focus();
    await visit.page.keyboard.press("Enter");
    await visit.page.keyboard.type(NASTY);
    await visit.picture("events-delete");
    // Nothing is done until it is said a second time, and the focus goes back to where it was.
    await visit.page.keyboard.press("Escape");
    await card(first).getByRole("button", { name: "Delete it" }).waitFor({ state: "hidden" });
    assert.ok(await ask(first).evaluate((button) => button === document.activeElement));
    assert.deepEqual(await stored(first.id), [first.id]);
    await visit.page.keyboard.press("Enter");
    await visit.page.keyboard.press("Enter");
    await visit.hears("The event is deleted, and refused when it comes again.");
    await card(first).waitFor({ state: "detached" });
    assert.deepEqual(await stored(first.id), []);
    assert.match(await publish(first), /^blocked: /);
    await ask(second).click();
    await card(second).getByLabel("Refuse it when it comes again").uncheck();
    await card(second).getByRole("button", { name: "Delete it" }).click();
    await visit.hears("It comes back when somebody sends it again.");
    await visit.page.getByText("Nothing that you may see matches").waitFor();
    assert.deepEqual(await stored(second.id), []);
    // The ban is lifted where bans are.
    await visit.go("People");
    await visit.button("Events").click();
    await row(visit, first.id).getByText(NASTY).waitFor();
    await row(visit, first.id).getByRole("button", { name: "Allow" }).click();
    await row(visit, first.id).waitFor({ state: "detached" });
    assert.equal(await publish(first, second), "");
    await visit.end();
    const moderating = await Visit.start({ person: moderator });
    await moderating.signIn();
    await moderating.go("Events");
    await moderating.page.getByLabel("Authors").fill(author.npub);
    await moderating.button("Find").click();
    await moderating.button("Ban event").first().waitFor();
    assert.equal(await moderating.button("Delete").count(), 0);
    assert.equal(await moderating.page.getByText("removes it from the store").count(), 0);
    await moderating.end();
  },

  async "policy: a fault in its place, explained, applied by an owner and not by an admin"() {
    const visit = await Visit.start({ person: owner });
    await visit.signIn();
    await visit.go("Policy");
    const editor = visit.page.getByLabel("Policy", { exact: true });
    await visit.page.waitForFunction(() => document.querySelector("textarea").value.includes("7777"));
    const text = await editor.inputValue();
    await editor.fill(text.replace("content_limit", "content_limitt"));
    await visit.button("Check").click();
    await visit.page.getByText(/line 4, column \d+/).waitFor();
    const chosen = await editor.evaluate((area) => area.value.slice(0, area.selectionStart).split("\n").length);
    assert.equal(chosen, 4);
    await visit.picture("policy");
    const question = visit.page.getByLabel("Event or filter");
    await question.fill('{"kind": 7777, "content": "much too long"}');
    await visit.button("Explain").click();
    await visit.page.locator('[data-judgement="Write"] .bad').waitFor();
    await editor.fill(text.replace('"content_limit": 5', '"content_limit": 50'));
    await visit.page.getByLabel("By the text above").check();
    await visit.button("Explain").click();
    await visit.page.locator('[data-judgement="Write"] .good').waitFor();
    const long = () => publish(new Person().sign({ kind: 7777, content: "much too long" }));
    assert.notEqual(await long(), "");
    await visit.button("Apply").click();
    await visit.hears("The policy is in force");
    assert.equal(await long(), "");
    await visit.end();
    const other = await Visit.start({ person: admin });
    await other.signIn();
    await other.go("Policy");
    await other.page.waitForFunction(() => document.querySelector("textarea").value.includes("7777"));
    await other.button("Apply").click();
    await other.page.locator("#policy-fault.bad").waitFor();
    await other.end();
  },

  async "policy: a shadow differs, is explained and taken over"() {
    const author = new Person();
    const note = author.sign({ kind: 7778, content: "much too long" });
    assert.equal(await publish(note), "");
    const visit = await Visit.start({ person: owner });
    await visit.signIn();
    await visit.go("Policy");
    const differed = visit.page.locator(`[data-differed="${note.id}"]`);
    await differed.getByText("rules.7778.content_limit").waitFor();
    await visit.picture("shadow");
    await differed.getByRole("button", { name: "Explain" }).click();
    await visit.page.locator('[data-judgement="Write"] .bad').waitFor();
    await visit.button("Apply").click();
    await visit.hears("The policy is in force");
    assert.notEqual(await publish(author.sign({ kind: 7778, content: "much too long, too" })), "");
    await visit.end();
  },

  async "log: history, live, one part, its level"() {
    const visit = await Visit.start({ person: admin });
    await visit.signIn();
    await visit.go("Log");
    await visit.page.getByText("Live", { exact: true }).waitFor();
    await visit.page.locator(".log").getByText("signed in to the administration").first().waitFor();
    const level = visit.page.getByLabel("What is logged");
    const before = await level.inputValue();
    await level.fill("debug");
    await visit.button("Set").click();
    await visit.hears("Logged is now: debug");
    // It is told of itself, live.
    await visit.page.locator(".log").getByText("the log's filter is changed").first().waitFor();
    await level.fill("no such=level=");
    await visit.button("Set").click();
    await visit.hears("That did not work");
    await level.fill(before);
    await visit.button("Set").click();
    await visit.hears("Logged is now");
    await visit.picture("log");
    await visit.page.locator("main select").selectOption("store");
    await visit.page.getByText("Live", { exact: true }).waitFor();
    await visit.end();
  },

  async "all views fit a phone, in the dark, too"() {
    for (const dark of [false, true]) {
      const visit = await Visit.start({ person: owner, width: 390, height: 800, dark });
      await visit.signIn();
      for (const view of await visit.page.locator("nav a").allInnerTexts()) {
        await visit.go(view);
        await visit.page.waitForTimeout(300);
        const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= 390, `${view} is ${wide} wide`);
        await visit.picture(`phone-${dark ? "dark" : "light"}-${view.toLowerCase()}`);
      }
      await visit.end();
      const desk = await Visit.start({ person: owner, dark });
      await desk.signIn();
      for (const view of await desk.page.locator("nav a").allInnerTexts()) {
        await desk.go(view);
        await desk.page.waitForTimeout(300);
        await desk.picture(`desk-${dark ? "dark" : "light"}-${view.toLowerCase()}`);
      }
      await desk.end();
    }
  },
};

const wanted = process.argv[2] ?? "";
let failures = 0;
for (const [name, check] of Object.entries(checks).filter(([name]) => name.includes(wanted))) {
  try {
    await check();
    console.log(`ok      ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
console.log(failures === 0 ? "all is well" : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
