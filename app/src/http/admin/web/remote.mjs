// A signer that is elsewhere (NIP-46). The relay speaks with it: this page asks nobody but the relay.

import { base } from "./base.mjs";

const KEPT = "chappe-remote";

/** The address at which signers meet us. */
const meeting = () => base.href.replace(/^http/, "ws");

let token = sessionStorage.getItem(KEPT);
/** What was asked for so far. The page may have been loaded again: no number comes twice. */
let turns = Date.now();

/** Whether signatures are asked of a remote signer. */
export const hasRemote = () => token !== null;

/** The same address in one way of writing it. */
function plain(address) {
  try {
    const { protocol, host, pathname } = new URL(address);
    return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
  } catch {
    return "";
  }
}

/** What a `bunker://` address says: the signer's key and the word for it. Throws when it cannot be met here. */
export function parseBunker(text) {
  const found = /^bunker:\/\/([0-9a-f]{64})\/?\?(.*)$/i.exec(text.trim());
  if (!found) throw new Error("this is no address of a remote signer: it begins with bunker:// and the signer’s key");
  const query = new URLSearchParams(found[2]);
  const relays = query.getAll("relay");
  if (!relays.some((relay) => plain(relay) === plain(meeting()))) {
    throw new Error(`this signer does not listen at this relay. Add ${meeting()} to its relays, and take the new address from it`);
  }
  return { signer: found[1].toLowerCase(), secret: query.get("secret") ?? undefined };
}

/** Begins a conversation with this signer, or with whichever answers the invitation that comes back: `{uri, qr}`. */
export async function begin(signer = {}) {
  await forgetRemote();
  const response = await fetch(new URL("admin/remote", base), { method: "POST", body: JSON.stringify({ relay: meeting(), ...signer }) });
  const said = await read(response);
  token = said.remote;
  sessionStorage.setItem(KEPT, token);
  return said;
}

/** Ends it. */
export async function forgetRemote() {
  const old = token;
  token = null;
  sessionStorage.removeItem(KEPT);
  if (old) await fetch(new URL("admin/remote", base), { method: "DELETE", headers: { Authorization: `Bearer ${old}` } }).catch(() => {});
}

/**
 * Has an event signed. `tell({connected, auth_url})` is called while it takes: the person may have to do something at the
 * signer, or at the address that it gives.
 */
export async function signRemotely(event, tell = () => {}) {
  turns += 1;
  const turn = turns;
  let seen;
  for (const own = token; own === token && own !== null;) {
    const response = await fetch(new URL("admin/remote/sign", base), {
      method: "POST", headers: { Authorization: `Bearer ${own}` }, body: JSON.stringify({ event, turn, seen }),
    });
    if (response.status === 401) await forgetRemote();
    const said = await read(response);
    if (said.signed) return said.signed;
    seen = said.auth_url ?? undefined;
    tell(said);
  }
  throw new Error("another way to sign in was chosen");
}

async function read(response) {
  const said = await response.json().catch(() => ({ error: `the relay answered ${response.status}` }));
  if (!response.ok || said.error) throw new Error(said.error || `the relay answered ${response.status}`);
  return said;
}
