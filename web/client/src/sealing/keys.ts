// How a sender's key is named and where it comes from.
//
// Owns: the layout of key ids, the derivation of a sender's base key from the link's secret.
// Never does: keep a key.

import { concat } from "./bytes.ts";

/** What a sender seals with: the name that stands in each frame's header, and the secret behind it. */
export interface SenderKey {
  /** Sender index, generation and step in one unsigned 32-bit number. */
  kid: number;
  /** 32 bytes; RFC 9605 §4.4.2 makes the AEAD's key and salt of it. */
  baseKey: Uint8Array;
}

/** The key id of a sender: index (12 bits, from 16), generation (12), step (8). */
export function senderKid(index: number, generation = 0, step = 0): number {
  requireRange("sender index", index, 1, 2 ** INDEX_BITS - 1);
  requireRange("generation", generation, 0, 2 ** GENERATION_BITS - 1);
  requireRange("step", step, 0, 2 ** STEP_BITS - 1);
  // multiplied, not shifted: a shift makes a signed number, and half of all key ids negative
  return index * 2 ** (GENERATION_BITS + STEP_BITS) + generation * 2 ** STEP_BITS + step;
}

/** The sender's index in a key id; 0 belongs to nobody. */
export function senderOf(kid: number): number {
  return Math.floor(kid / 2 ** (GENERATION_BITS + STEP_BITS));
}

/**
 * The key of the sender who came with `salt` (16 random bytes a page load), for all who hold the link's `secret`.
 * The room and the key id go into the derivation, so a salt that the server repeats elsewhere gives another key.
 */
export async function deriveSenderKey(
  secret: Uint8Array,
  salt: Uint8Array,
  room: string,
  kid: number,
): Promise<SenderKey> {
  requireKid(kid);
  const material = await crypto.subtle.importKey("raw", new Uint8Array(secret), "HKDF", false, [
    "deriveBits",
  ]);
  const parameters = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(salt),
    info: senderInfo(room, kid),
  };
  const bits = await crypto.subtle.deriveBits(parameters, material, BASE_KEY_BYTES * 8);
  return { kid, baseKey: new Uint8Array(bits) };
}

/** Throws unless this can be a sender's key. */
export function requireSenderKey({ kid, baseKey }: SenderKey): void {
  requireKid(kid);
  if (baseKey.length !== BASE_KEY_BYTES) throw new RangeError(`a base key has ${BASE_KEY_BYTES} bytes`);
}

function requireKid(kid: number): void {
  requireRange("key id", kid, 2 ** (GENERATION_BITS + STEP_BITS), 2 ** 32 - 1);
}

function requireRange(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${what} ${value} is not in ${least}..${most}`);
}

function senderInfo(room: string, kid: number) {
  const text = new TextEncoder();
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, kid);
  return concat(text.encode("rapport/1 sender key\0"), text.encode(room), new Uint8Array(1), number);
}

const INDEX_BITS = 12;
const GENERATION_BITS = 12;
const STEP_BITS = 8;

/** The length that the sender keys of this protocol have: as long as the longest AEAD key. */
const BASE_KEY_BYTES = 32;
