// What every check needs: a connection, people with keys, and answers that come in time or not at all.

import { webcrypto } from "node:crypto";
import WebSocket from "ws";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";

// Node before 20 offers neither as a global, and nostr-tools looks for both.
globalThis.crypto ??= webcrypto;
globalThis.WebSocket ??= WebSocket;
useWebSocketImplementation(WebSocket);

export const RELAY_URL = process.env.RELAY_URL;
if (!RELAY_URL) {
  console.error("RELAY_URL names no relay, such as ws://127.0.0.1:7447");
  process.exit(2);
}

// nostr-tools gives up waiting for EOSE by itself and calls it one; far off, so that ours comes first.
const LIBRARY_TIMEOUT_MS = 600_000;
const ANSWER_TIMEOUT_MS = 5_000;

export const now = () => Math.floor(Date.now() / 1000);

/** Somebody with a key, who signs what is given. */
export class Person {
  secret = generateSecretKey();
  pubkey = getPublicKey(this.secret);

  sign({ kind = 1, content = "", tags = [], created_at = now() }) {
    return finalizeEvent({ kind, content, tags, created_at }, this.secret);
  }

  /** For nostr-tools' `auth` and `onauth`. */
  signAuth = async (template) => finalizeEvent(template, this.secret);
}

const open = new Set();

/** Opens a connection of its own. */
export async function connect() {
  const relay = await inTime(Relay.connect(RELAY_URL), "a connection");
  relay.baseEoseTimeout = LIBRARY_TIMEOUT_MS;
  open.add(relay);
  return relay;
}

export function closeAll() {
  for (const relay of open) relay.close();
  open.clear();
}

/** Stored events up to EOSE; throws what a CLOSED says. */
export function fetchStored(relay, ...filters) {
  const answer = new Promise((resolve, reject) => {
    const events = [];
    const subscription = relay.subscribe(filters, {
      onevent: (event) => events.push(event),
      oninvalidevent: (event) => reject(new Error(`not asked for, or badly signed: ${JSON.stringify(event)}`)),
      oneose: () => {
        resolve(events);
        subscription.close();
      },
      onclose: (reason) => reject(new Error(reason)),
    });
  });
  return inTime(answer, `EOSE for ${JSON.stringify(filters)}`);
}

/** A subscription that stays open after EOSE; `next()` waits for one live event. */
export async function follow(relay, ...filters) {
  const stored = [];
  const live = [];
  const waiting = [];
  let isLive = false;
  let subscription;
  await inTime(
    new Promise((resolve, reject) => {
      subscription = relay.subscribe(filters, {
        onevent: (event) => {
          if (!isLive) stored.push(event);
          else if (waiting.length > 0) waiting.shift()(event);
          else live.push(event);
        },
        oneose: () => {
          isLive = true;
          resolve();
        },
        onclose: (reason) => reject(new Error(reason)),
      });
    }),
    `EOSE for ${JSON.stringify(filters)}`,
  );
  const next = () => {
    if (live.length > 0) return live.shift();
    return inTime(new Promise((resolve) => waiting.push(resolve)), "a live event");
  };
  return { stored, live, next, close: () => subscription.close() };
}

/** Waits until the relay has told a challenge, as it does before it says auth-required. */
export async function signIn(relay, person) {
  return inTime(relay.auth(person.signAuth), "an answer to AUTH");
}

export async function inTime(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
