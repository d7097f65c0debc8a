// Who plays a part in the script. Those with a role have secrets that everybody can read: `relay.toml` names their keys.

import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { npubEncode } from "nostr-tools/nip19";
import * as nip44 from "nostr-tools/nip44";
import { Relay } from "nostr-tools/relay";

export const now = () => Math.floor(Date.now() / 1000);

/** Somebody with a key, who signs what is given. */
export class Person {
  constructor(secret = generateSecretKey()) {
    this.secret = secret;
    this.pubkey = getPublicKey(secret);
    this.npub = npubEncode(this.pubkey);
  }

  sign({ kind = 1, content = "", tags = [], created_at = now() }) {
    return finalizeEvent({ kind, content, tags, created_at }, this.secret);
  }
}

/** A signer that is elsewhere (NIP-46): it has the person's key, and one to be spoken to. */
export class RemoteSigner {
  /** What it was asked to do, and not yet did: an event kind each. */
  asked = [];

  constructor(person, relayUrl) {
    Object.assign(this, { person, relayUrl, own: new Person() });
  }

  get bunker() {
    return `bunker://${this.own.pubkey}?relay=${encodeURIComponent(this.relayUrl)}&secret=open`;
  }

  async listen() {
    this.relay = await Relay.connect(this.relayUrl);
    await new Promise((resolve) => { this.relay.subscribe([{ kinds: [24133], "#p": [this.own.pubkey], limit: 0 }], { onevent: (event) => this.hear(event), oneose: resolve }); });
    return this;
  }

  /** Answers an invitation. */
  async accept(uri) {
    const { host, searchParams } = new URL(uri.replace("nostrconnect:", "http:"));
    await this.say(host, { id: "accepted", result: searchParams.get("secret"), error: null });
  }

  async hear({ pubkey, content }) {
    const { id, method, params } = JSON.parse(nip44.decrypt(content, this.keyWith(pubkey)));
    if (method === "connect") await this.say(pubkey, params[1] === "open" ? { id, result: "ack" } : { id, result: "", error: "who is that?" });
    if (method !== "sign_event") return;
    const template = JSON.parse(params[0]);
    this.asked.push(template.kind);
    await this.say(pubkey, { id, result: JSON.stringify(this.person.sign(template)) });
  }

  keyWith(pubkey) {
    return nip44.getConversationKey(this.own.secret, pubkey);
  }

  async say(to, message) {
    await this.relay.publish(this.own.sign({ kind: 24133, tags: [["p", to]], content: nip44.encrypt(JSON.stringify(message), this.keyWith(to)) }));
  }
}

const known = (byte) => new Person(new Uint8Array(32).fill(byte));
export const owner = known(1);
export const admin = known(2);
export const moderator = known(3);
