// The relay as any client sees it: stored events, and events to publish, over one WebSocket.

import { base } from "./base.mjs";
import { sign } from "./session.mjs";

const AUTH = 22242;
const PATIENCE_MS = 15_000;

let socket = null;
let challenge = null;
let numbered = 0;
/** What waits for an answer, by subscription or event id. */
const waiting = new Map();

const address = () => base.href.replace(/^http/, "ws");

/** Stored events, newest first. Signs in on the connection when the relay asks for that. */
export async function query(...filters) {
  try {
    return await ask(filters);
  } catch (error) {
    if (!error.message.startsWith("auth-required:")) throw error;
    await authenticate();
    return ask(filters);
  }
}

/** Publishes an event, and gives what the relay says to it. */
export async function publish(event) {
  return send(event.id, ["EVENT", event]);
}

/** Signs in on the connection (NIP-42): the relay then shows what the key may see. */
export async function authenticate() {
  await connected();
  if (challenge === null) throw new Error("the relay has given no challenge");
  const event = await sign(AUTH, [["relay", address()], ["challenge", challenge]]);
  await send(event.id, ["AUTH", event]);
}

function ask(filters) {
  numbered += 1;
  const name = `admin-${numbered}`;
  return send(name, ["REQ", name, ...filters]);
}

async function send(name, message) {
  await connected();
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => settle(name, "reject", new Error("the relay did not answer")), PATIENCE_MS);
    waiting.set(name, { events: [], resolve, reject, late });
    socket.send(JSON.stringify(message));
  });
}

function settle(name, how, value) {
  const asked = waiting.get(name);
  if (!asked) return;
  waiting.delete(name);
  clearTimeout(asked.late);
  asked[how](value ?? asked.events);
}

let opening = null;

function connected() {
  if (socket?.readyState === WebSocket.OPEN) return Promise.resolve();
  opening ??= new Promise((resolve, reject) => {
    socket = new WebSocket(address());
    challenge = null;
    socket.onopen = () => resolve();
    socket.onmessage = ({ data }) => hear(JSON.parse(data));
    socket.onclose = () => {
      reject(new Error("the connection to the relay broke off"));
      for (const name of [...waiting.keys()]) settle(name, "reject", new Error("the connection broke off"));
    };
  }).finally(() => { opening = null; });
  return opening;
}

function hear([type, name, ...rest]) {
  if (type === "AUTH") challenge = name;
  else if (type === "EVENT") waiting.get(name)?.events.push(rest[0]);
  else if (type === "CLOSED") settle(name, "reject", new Error(rest[0] || "the relay closed the request"));
  else if (type === "EOSE") {
    socket.send(JSON.stringify(["CLOSE", name]));
    settle(name, "resolve");
  } else if (type === "OK") {
    if (rest[0]) settle(name, "resolve", rest[1]);
    else settle(name, "reject", new Error(rest[1] || "refused"));
  }
}
