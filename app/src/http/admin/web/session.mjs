// Who is signed in, and the calls that they may make.

import { base } from "./base.mjs";
import { forgetRemote, hasRemote, signRemotely } from "./remote.mjs";

const KEPT = "chappe-session";
const HTTP_AUTH = 27235;

/** Told "over" when a session has ended, and "signer" while one that is elsewhere is waited for. */
export const news = new EventTarget();

/** Thrown for what was asked in a session that is over. The page says so by itself. */
export class Over extends Error {
  name = "Over";
}

let session = null;
let methods = new Set();

/** `{token, pubkey, role, expires_at}`, or null. */
export const current = () => session;

/** Whether the role of whoever is signed in allows a method of the management API. */
export const can = (method) => methods.has(method);

/** Whether a browser signer (NIP-07) is there. Some come a moment after the page. */
export const hasSigner = () => typeof window.nostr?.signEvent === "function";

/** Signs an event: by the remote signer where there is one, else by the browser's. */
export async function sign(kind, tags, content = "") {
  if (hasRemote()) {
    // Its time is that at which the signer is asked, which may be minutes from now.
    return signRemotely({ kind, tags, content }, (how) => news.dispatchEvent(new CustomEvent("signer", { detail: how })));
  }
  if (!hasSigner()) throw new Error("there is no signer (NIP-07) in this browser");
  return window.nostr.signEvent({ kind, tags, content, created_at: Math.floor(Date.now() / 1000) });
}

/** Asks for a signature, and gives it for a session. */
export async function signIn() {
  const url = new URL("admin/session", base).href;
  const prove = () => sign(HTTP_AUTH, [["u", url], ["method", "POST"]]);
  let event = await prove();
  // Whoever had to look for their signer took longer than the relay takes a signature for new. Now it knows what is asked.
  if (Date.now() / 1000 - event.created_at > 50) event = await prove();
  const proof = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(event))));
  const response = await fetch(url, { method: "POST", headers: { Authorization: `Nostr ${proof}` } });
  session = await answer(response);
  await learnMethods();
  // Of this tab only, and gone with it.
  sessionStorage.setItem(KEPT, session.token);
}

/** Goes on with the session that this tab had before it was loaded again. */
export async function resume() {
  const token = sessionStorage.getItem(KEPT);
  if (!token) return;
  session = { token };
  try {
    session = { token, ...(await answer(await request("admin/session"))) };
    await learnMethods();
  } catch {
    forget();
  }
}

export async function signOut() {
  const ending = request("admin/session", { method: "DELETE" });
  forget();
  await forgetRemote();
  await ending;
}

/** A request with the session's token. Its end is told when the relay does not know it any more. */
export async function request(path, { headers = {}, ...options } = {}) {
  const token = session?.token;
  const response = await fetch(new URL(path, base), { ...options, headers: { ...headers, Authorization: `Bearer ${token}` } });
  if (response.status === 401 && session?.token === token) {
    forget();
    news.dispatchEvent(new Event("over"));
    throw new Over("your session is over");
  }
  return response;
}

/** JSON that the relay has at this path. */
export const get = async (path) => answer(await request(path));

/** Calls a method of the management API. */
export async function call(method, ...params) {
  const response = await request("admin/api", { method: "POST", body: JSON.stringify({ method, params }) });
  return (await answer(response)).result;
}

async function learnMethods() {
  methods = new Set(await call("supportedmethods"));
}

function forget() {
  session = null;
  methods = new Set();
  sessionStorage.removeItem(KEPT);
}

async function answer(response) {
  const text = await response.text();
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    said = { error: text.trim() };
  }
  if (!response.ok || said.error) throw new Error(said.error || `the relay answered ${response.status}`);
  return said;
}
