// The clinic's recovery key: the X25519 form of its Ed25519 root (RECORDING.md, section 2).
//
// Owns: both halves of it. Never does: keep one. libsodium and age make the same keys of the same root.

import { importPrivate } from "./device.ts";
import type { Bytes } from "./encoding.ts";
import type { KeyPair } from "./primitives.ts";

/** Of the public root: what a recording is sealed to. */
export function recoveryKeyOf(root: Bytes): Bytes {
  const y = fromLittle(root) & (2n ** 255n - 1n);
  // RFC 7748 §4.1: u = (1 + y) / (1 - y)
  return toLittle(modulo((1n + y) * power(modulo(1n - y), P - 2n)));
}

/** Of the root's seed: what opens it. */
export async function recoveryPairOf(seed: Bytes): Promise<KeyPair> {
  // RFC 8032 §5.1.5: the first half of the digest is the scalar
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", seed));
  const [publicKey, privateKey] = await importPrivate("X25519", digest.slice(0, 32), ["deriveBits"]);
  return { publicKey, privateKey };
}

const P = 2n ** 255n - 19n;

function modulo(value: bigint): bigint {
  return ((value % P) + P) % P;
}

/** Nothing here is secret: the time that it takes may tell. */
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; square = modulo(square * square), rest >>= 1n)
    if (rest & 1n) result = modulo(result * square);
  return result;
}

function fromLittle(bytes: Bytes): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function toLittle(value: bigint): Bytes {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}
