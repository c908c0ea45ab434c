// How a sender's key is named.
//
// Owns: the layout of key ids. Never does: make a key; people's devices agree on them.

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

const INDEX_BITS = 12;
const GENERATION_BITS = 12;
const STEP_BITS = 8;

/** The length that the sender keys of this protocol have: as long as the longest AEAD key. */
const BASE_KEY_BYTES = 32;
