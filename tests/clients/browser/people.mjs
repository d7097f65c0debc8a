// Who plays a part in the script. Those with a role have secrets that everybody can read: `relay.toml` names their keys.

import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { npubEncode } from "nostr-tools/nip19";

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

const known = (byte) => new Person(new Uint8Array(32).fill(byte));
export const owner = known(1);
export const admin = known(2);
export const moderator = known(3);
