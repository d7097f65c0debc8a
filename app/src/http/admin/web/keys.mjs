// Public keys and event ids as people paste them (NIP-19), and as they are shown.

import { h } from "./dom.mjs";
import { query } from "./relay.mjs";

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

function checksum(values) {
  const polynomial = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  return values.reduce((sum, value) => {
    const top = sum >>> 25;
    const next = ((sum & 0x1ffffff) << 5) ^ value;
    return polynomial.reduce((mixed, term, bit) => ((top >>> bit) & 1 ? mixed ^ term : mixed), next);
  }, 1);
}

const spread = (prefix) => [...[...prefix].map((c) => c.charCodeAt(0) >> 5), 0, ...[...prefix].map((c) => c.charCodeAt(0) & 31)];

/** Bits in groups of one size as groups of another. */
function regroup(values, from, to, pad) {
  const out = [];
  let [held, bits] = [0, 0];
  for (const value of values) {
    [held, bits] = [(held << from) | value, bits + from];
    while (bits >= to) {
      bits -= to;
      out.push((held >> bits) & ((1 << to) - 1));
    }
    held &= (1 << bits) - 1;
  }
  if (pad && bits > 0) out.push((held << (to - bits)) & ((1 << to) - 1));
  return out;
}

/** 64 hex characters as NIP-19 writes them: `npub1...`. */
export function encode(prefix, hex) {
  const data = regroup(hex.match(/../g).map((pair) => parseInt(pair, 16)), 8, 5, true);
  const sum = checksum([...spread(prefix), ...data, 0, 0, 0, 0, 0, 0]) ^ 1;
  const tail = [5, 4, 3, 2, 1, 0].map((place) => (sum >>> (5 * place)) & 31);
  return `${prefix}1${[...data, ...tail].map((value) => ALPHABET[value]).join("")}`;
}

/** 64 hex characters from these or from `npub1...` (`note1...`). Throws what is wrong. */
export function decode(prefix, text) {
  const bare = text.trim().toLowerCase().replace(/^nostr:/, "");
  if (/^[0-9a-f]{64}$/.test(bare)) return bare;
  const what = prefix === "npub" ? "a public key is 64 hex characters or npub1..." : "an id is 64 hex characters or note1...";
  if (!bare.startsWith(`${prefix}1`)) throw new Error(what);
  const data = [...bare.slice(prefix.length + 1)].map((character) => ALPHABET.indexOf(character));
  if (data.length !== 58 || data.includes(-1)) throw new Error(what);
  if (checksum([...spread(prefix), ...data]) !== 1) throw new Error(`this ${prefix} has a typing error in it`);
  return regroup(data.slice(0, -6), 5, 8, false).map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const shorten = (text) => `${text.slice(0, 12)}…${text.slice(-6)}`;

/** Names that people gave themselves, by key; null where there is none. */
const names = new Map();

/** A key with its owner's name, once that is known. */
export function person(hex) {
  const npub = encode("npub", hex);
  const name = h("span", { class: "name", "data-name": hex }, names.get(hex) || "");
  return h("span", { title: npub, "data-pubkey": hex }, name, " ", h("code", { class: "faint" }, shorten(npub)));
}

/** An event's id, shortened. */
export const eventId = (hex) => h("code", { class: "faint", title: hex, "data-event": hex }, shorten(encode("note", hex)));

/** Looks up the names of those who are shown, and puts them in. What cannot be asked stays as it is. */
export async function nameThem() {
  const shown = [...document.querySelectorAll("[data-name]")].map((element) => element.dataset.name);
  const unknown = [...new Set(shown)].filter((key) => !names.has(key)).slice(0, 500);
  if (unknown.length > 0) {
    const profiles = await query({ kinds: [0], authors: unknown }).catch(() => []);
    for (const key of unknown) names.set(key, null);
    for (const profile of profiles) names.set(profile.pubkey, nameIn(profile.content));
  }
  for (const element of document.querySelectorAll("[data-name]")) element.textContent = names.get(element.dataset.name) || "";
}

function nameIn(content) {
  try {
    const { display_name: display, name } = JSON.parse(content);
    const found = [display, name].find((text) => typeof text === "string" && text.trim() !== "");
    return found ? found.trim().slice(0, 60) : null;
  } catch {
    return null;
  }
}
