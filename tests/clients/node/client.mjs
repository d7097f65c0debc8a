// What a nostr-tools client does with a relay, from a first note to a last deletion.
//
//   RELAY_URL=ws://127.0.0.1:7447 node client.mjs
//
// Every check makes its own people, so it may run against a relay that holds other events. Exits with 1 when one fails.

import assert from "node:assert/strict";
import * as nip04 from "nostr-tools/nip04";
import { fetchRelayInformation } from "nostr-tools/nip11";
import * as nip17 from "nostr-tools/nip17";
import * as nip45 from "nostr-tools/nip45";
import { SimplePool } from "nostr-tools/pool";
import { verifyEvent } from "nostr-tools/pure";
import { closeAll, connect, fetchStored, follow, inTime, now, Person, RELAY_URL, signIn } from "./connection.mjs";

/** Without the mark by which nostr-tools remembers that it has verified an event. */
const plain = (event) => JSON.parse(JSON.stringify(event));

const checks = {
  async "publish and fetch"() {
    const relay = await connect();
    const alice = new Person();
    const note = alice.sign({ content: 'tab\t, quote ", backslash \\, línea\n, 塔 🗼, \u007f', tags: [["t", "towers"], ["x"]] });
    assert.equal(await relay.publish(note), "");
    const [stored, ...others] = await fetchStored(relay, { authors: [alice.pubkey] });
    assert.deepEqual(others, []);
    assert.deepEqual(plain(stored), plain(note));
    assert.ok(verifyEvent(plain(stored)));
    const byId = await fetchStored(relay, { ids: [note.id] });
    const byTag = await fetchStored(relay, { "#t": ["towers"], authors: [alice.pubkey] });
    assert.deepEqual([byId.length, byTag.length], [1, 1]);
  },

  async "control characters keep their id"() {
    const relay = await connect();
    const alice = new Person();
    const note = alice.sign({ content: "bell \u0007, unit \u001f, nul \u0000" });
    assert.equal(await relay.publish(note), "");
    const [stored] = await fetchStored(relay, { ids: [note.id] });
    assert.equal(stored.content, note.content);
    assert.ok(verifyEvent(plain(stored)));
  },

  async "a second copy is a duplicate, told as success"() {
    const relay = await connect();
    const note = new Person().sign({ content: "once" });
    await relay.publish(note);
    assert.match(await relay.publish(note), /^duplicate: /);
  },

  async "a forged event is refused"() {
    const relay = await connect();
    const note = { ...new Person().sign({ content: "mine" }), content: "not mine" };
    await assert.rejects(relay.publish(note), /^Error: invalid: /);
    assert.deepEqual(await fetchStored(relay, { ids: [note.id] }), []);
  },

  async "newest first, ties by id, limit and time bounds"() {
    const relay = await connect();
    const alice = new Person();
    const start = now() - 100;
    const notes = [0, 1, 1, 2, 3].map((second, i) => alice.sign({ content: `${i}`, created_at: start + second }));
    await Promise.all(notes.map((note) => relay.publish(note)));
    const expected = [...notes].sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
    const ids = async (filter) => (await fetchStored(relay, { authors: [alice.pubkey], ...filter })).map(({ id }) => id);
    assert.deepEqual(await ids({}), expected);
    assert.deepEqual(await ids({ limit: 3 }), expected.slice(0, 3));
    assert.deepEqual(await ids({ since: start + 1, until: start + 2 }), expected.slice(1, 4));
    assert.deepEqual(await ids({ limit: 0 }), []);
  },

  async "subscribe: stored, then live"() {
    const [reader, writer] = [await connect(), await connect()];
    const alice = new Person();
    const before = alice.sign({ content: "before", created_at: now() - 1 });
    await writer.publish(before);
    const feed = await follow(reader, { authors: [alice.pubkey] });
    assert.deepEqual(feed.stored.map(({ id }) => id), [before.id]);
    const after = alice.sign({ content: "after" });
    await writer.publish(after);
    assert.equal((await feed.next()).id, after.id);
    feed.close();
  },

  async "many subscriptions on one connection"() {
    const [reader, writer] = [await connect(), await connect()];
    const alice = new Person();
    const feeds = [];
    for (let i = 0; i < 100; i++) feeds.push(follow(reader, { authors: [alice.pubkey], "#t": [`topic${i}`] }));
    const open = await Promise.all(feeds);
    const note = alice.sign({ tags: [["t", "topic7"], ["t", "topic42"]] });
    await writer.publish(note);
    assert.equal((await open[7].next()).id, note.id);
    assert.equal((await open[42].next()).id, note.id);
    await fetchStored(reader, { ids: [note.id] });
    const disturbed = open.filter((feed) => feed.live.length > 0);
    assert.equal(disturbed.length, 0);
  },

  async "an ephemeral event reaches listeners and is not stored"() {
    const [reader, writer] = [await connect(), await connect()];
    const alice = new Person();
    const feed = await follow(reader, { kinds: [20_001], authors: [alice.pubkey] });
    const signal = alice.sign({ kind: 20_001, content: "now" });
    await writer.publish(signal);
    assert.equal((await feed.next()).id, signal.id);
    assert.deepEqual(await fetchStored(writer, { ids: [signal.id] }), []);
  },

  async "a replaceable event replaces"() {
    const relay = await connect();
    const alice = new Person();
    const profile = (name, created_at) => alice.sign({ kind: 0, content: JSON.stringify({ name }), created_at });
    const [older, newer] = [profile("Claude", now() - 10), profile("Chappe", now() - 5)];
    await relay.publish(older);
    await relay.publish(newer);
    const stored = await fetchStored(relay, { kinds: [0], authors: [alice.pubkey] });
    assert.deepEqual(stored.map(({ id }) => id), [newer.id]);
    await assert.rejects(relay.publish(profile("too late", now() - 20)), /^Error: duplicate: /);
  },

  async "an addressable event replaces its own address only"() {
    const relay = await connect();
    const alice = new Person();
    const article = (d, content, created_at) => alice.sign({ kind: 30_023, content, tags: [["d", d]], created_at });
    const [first, second] = [article("one", "draft", now() - 10), article("one", "final", now() - 5)];
    const other = article("two", "other", now() - 7);
    for (const event of [first, second, other]) await relay.publish(event);
    const stored = await fetchStored(relay, { kinds: [30_023], authors: [alice.pubkey] });
    assert.deepEqual(stored.map(({ id }) => id), [second.id, other.id]);
    const byAddress = await fetchStored(relay, { kinds: [30_023], authors: [alice.pubkey], "#d": ["two"] });
    assert.deepEqual(byAddress.map(({ id }) => id), [other.id]);
  },

  async "a deletion deletes, and the deleted does not return"() {
    const relay = await connect();
    const [alice, eve] = [new Person(), new Person()];
    const note = alice.sign({ content: "regretted" });
    await relay.publish(note);
    await relay.publish(eve.sign({ kind: 5, tags: [["e", note.id]] }));
    assert.equal((await fetchStored(relay, { ids: [note.id] })).length, 1, "only its author may delete it");
    const deletion = alice.sign({ kind: 5, tags: [["e", note.id], ["k", "1"]], content: "sorry" });
    await relay.publish(deletion);
    assert.deepEqual(await fetchStored(relay, { ids: [note.id] }), []);
    assert.equal((await fetchStored(relay, { ids: [deletion.id] })).length, 1);
    await assert.rejects(relay.publish(note), /^Error: blocked: /);
  },

  async "a protected event takes AUTH by its author"() {
    const relay = await connect();
    const [alice, eve] = [new Person(), new Person()];
    const note = alice.sign({ content: "only from me", tags: [["-"]] });
    await assert.rejects(relay.publish(note), /^Error: auth-required: /);
    await signIn(relay, alice);
    assert.equal(await relay.publish(note), "");
    await assert.rejects(relay.publish(eve.sign({ tags: [["-"]] })), /^Error: restricted: /);
    assert.equal((await fetchStored(relay, { ids: [note.id] })).length, 1);
  },

  async "a pool signs in by itself"() {
    const pool = new SimplePool();
    const alice = new Person();
    const note = alice.sign({ content: "by pool", tags: [["-"]] });
    try {
      const [answer] = pool.publish([RELAY_URL], note, { onauth: alice.signAuth });
      assert.equal(await inTime(answer, "OK"), "");
      assert.equal((await inTime(pool.get([RELAY_URL], { ids: [note.id] }), "the note")).id, note.id);
    } finally {
      pool.destroy();
    }
  },

  async "direct messages (kind 4) go to those involved"() {
    const [alice, bob, eve] = [new Person(), new Person(), new Person()];
    const content = nip04.encrypt(alice.secret, bob.pubkey, "meet at the tower");
    const message = alice.sign({ kind: 4, content, tags: [["p", bob.pubkey]] });
    const [anybody, asBob, asEve] = [await connect(), await connect(), await connect()];
    await anybody.publish(message);
    const filter = { kinds: [4], "#p": [bob.pubkey] };
    await assert.rejects(fetchStored(anybody, filter), /^Error: auth-required: /);
    assert.deepEqual(await fetchStored(anybody, { ids: [message.id] }), []);
    await assert.rejects(fetchStored(asBob, filter), /^Error: auth-required: /);
    await signIn(asBob, bob);
    const [received] = await fetchStored(asBob, filter);
    assert.equal(nip04.decrypt(bob.secret, alice.pubkey, received.content), "meet at the tower");
    await assert.rejects(fetchStored(asEve, filter), /^Error: auth-required: /);
    await signIn(asEve, eve);
    assert.deepEqual(await fetchStored(asEve, filter), []);
    assert.equal(await asEve.count([filter], {}), 0);
  },

  async "private messages (NIP-17) arrive live and wrapped"() {
    const [alice, bob] = [new Person(), new Person()];
    const [reader, writer] = [await connect(), await connect()];
    const filter = { kinds: [1059], "#p": [bob.pubkey] };
    await assert.rejects(fetchStored(reader, filter), /^Error: auth-required: /);
    await signIn(reader, bob);
    const inbox = await follow(reader, filter);
    await writer.publish(nip17.wrapEvent(alice.secret, { publicKey: bob.pubkey }, "signal received"));
    const letter = nip17.unwrapEvent(await inbox.next(), bob.secret);
    assert.deepEqual([letter.content, letter.pubkey], ["signal received", alice.pubkey]);
  },

  async "count, with HyperLogLog"() {
    const relay = await connect();
    const alice = new Person();
    const followers = Array.from({ length: 20 }, () => new Person());
    const lists = followers.map((follower) => follower.sign({ kind: 3, tags: [["p", alice.pubkey]] }));
    await Promise.all(lists.map((list) => relay.publish(list)));
    const filter = nip45.getCountManyFilter(alice.pubkey, "followers");
    assert.equal(await inTime(relay.count([filter], {}), "COUNT"), 20);
    const { count, hll } = await inTime(relay.countWithHLL([filter], {}), "COUNT");
    const estimate = nip45.estimateCount(nip45.hllDecode(hll));
    assert.equal(count, 20);
    assert.ok(estimate > 14 && estimate < 26, `HyperLogLog estimates ${estimate}`);
  },

  async "the information document (NIP-11)"() {
    const information = await fetchRelayInformation(RELAY_URL);
    assert.equal(typeof information.name, "string");
    for (const nip of [1, 9, 11, 42, 45, 70]) assert.ok(information.supported_nips.includes(nip), `NIP-${nip}`);
    assert.ok(information.limitation.max_subscriptions >= 300);
    assert.ok(information.limitation.max_message_length >= 128 * 1024);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`  ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`  FAILED  ${name}\n${error?.stack ?? error}`);
  } finally {
    closeAll();
  }
}
console.log(`nostr-tools: ${Object.keys(checks).length - failed} of ${Object.keys(checks).length} checks passed`);
process.exit(failed === 0 ? 0 : 1);
