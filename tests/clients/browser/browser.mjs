// A browser in which somebody has a signer, and what is asked of the relay beside it.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import WebSocket from "ws";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";

const EXECUTABLE = process.env.CHROMIUM || "/usr/bin/chromium";
const PATIENCE_MS = 10_000;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
/** Where pictures of the views go, if they are wanted. */
const PICTURES = process.env.PICTURES;

export const RELAY_URL = process.env.RELAY_URL;
if (!RELAY_URL) {
  console.error("RELAY_URL names no relay, such as ws://127.0.0.1:7447");
  process.exit(2);
}
const SITE = RELAY_URL.replace(/^ws/, "http");
export const ADMIN = `${SITE}/admin`;

globalThis.crypto ??= webcrypto;
useWebSocketImplementation(WebSocket);

/** A page with whatever went wrong on it. */
export class Visit {
  faults = [];

  static async start({ person, width = 1280, height = 900, dark = false }) {
    const visit = new Visit();
    visit.folder = mkdtempSync(join(tmpdir(), "chappe-browser-"));
    visit.context = await chromium.launchPersistentContext(visit.folder, {
      executablePath: EXECUTABLE, headless: true, args: FLAGS, viewport: { width, height }, colorScheme: dark ? "dark" : "light",
    });
    visit.page = visit.context.pages()[0] ?? (await visit.context.newPage());
    visit.page.setDefaultTimeout(PATIENCE_MS);
    await visit.watch();
    if (person) await visit.giveSigner(person);
    await visit.page.goto(ADMIN);
    return visit;
  }

  async watch() {
    const { page, faults } = this;
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on("console", (line) => { if (/Content Security Policy|TrustedHTML/.test(line.text())) faults.push(line.text()); });
    page.on("request", (request) => { if (!request.url().startsWith(SITE) && !request.url().startsWith("data:")) faults.push(`asked elsewhere: ${request.url()}`); });
  }

  /** As an extension does it (NIP-07): the page sees two functions, and never a secret. */
  async giveSigner(person) {
    await this.page.exposeFunction("signForTest", (template) => person.sign(template));
    await this.page.exposeFunction("keyForTest", () => person.pubkey);
    await this.page.addInitScript(() => {
      window.nostr = { getPublicKey: () => window.keyForTest(), signEvent: (template) => window.signForTest(template) };
    });
  }

  button(name) {
    return this.page.getByRole("button", { name });
  }

  async signIn() {
    await this.button("Sign in").click();
    await this.button("Sign out").waitFor();
  }

  async go(view) {
    await this.page.getByRole("link", { name: view, exact: true }).click();
    await this.page.getByRole("heading", { level: 2 }).first().waitFor();
  }

  /** Waits until it is told so. */
  async hears(text) {
    await this.page.locator("#said").getByText(text).waitFor();
  }

  async picture(name) {
    if (PICTURES) await this.page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }

  /** Ends it; fails when the page did what it must not. */
  async end() {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true });
    assert.deepEqual(this.faults, []);
  }
}

/** Publishes, and gives the relay's no if it has one. */
export async function publish(...events) {
  const relay = await Relay.connect(RELAY_URL);
  try {
    for (const event of events) await relay.publish(event);
    return "";
  } catch (error) {
    return error.message;
  } finally {
    relay.close();
  }
}

/** A client that stays connected: what it hears, and how it ended. */
export async function stay() {
  const client = { socket: new WebSocket(RELAY_URL), heard: [] };
  client.closed = new Promise((resolve) => { client.socket.on("close", (code) => resolve(code)); });
  client.socket.on("message", (data) => client.heard.push(JSON.parse(data)));
  await new Promise((resolve, reject) => { client.socket.on("open", resolve); client.socket.on("error", reject); });
  return client;
}

/** Whether a stranger finds the event: its id, or nothing. */
export async function stored(id) {
  const relay = await Relay.connect(RELAY_URL);
  const found = await new Promise((resolve) => {
    const ids = [];
    relay.subscribe([{ ids: [id] }], { onevent: (event) => ids.push(event.id), oneose: () => resolve(ids), onclose: () => resolve(ids) });
  });
  relay.close();
  return found;
}
