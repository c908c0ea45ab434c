// A hello, and what makes it right (SK-1.md, section 6).
//
// Owns: the checks that need nothing but the hello itself. Never does: take it for a person; it may be a replay.

import { equal, hex, type Bytes } from "./encoding.ts";
import { deviceIdOf } from "./device.ts";
import type { FaultCode } from "./fault.ts";
import { isSignedBy, type Hello, type Parsed } from "./messages.ts";
import { hash } from "./primitives.ts";
import { checkCertificate, type Certificate } from "./root.ts";

/** Bit 0 of the capabilities: this member records. */
export const RECORDS = 1;

/** A hello that is right. It names a stay: one device, in one room, from one join to its end. */
export interface CheckedHello {
  /** Names the stay in messages. */
  hash: Bytes;
  /** The same as text: names it everywhere else. */
  stay: string;
  hello: Hello;
  deviceId: Bytes;
  /** Of a host, and valid. */
  certificate: Certificate | undefined;
}

/** What stands on the tile: a certified device comes in under no other name. */
export function nameOf({ hello, certificate }: Pick<CheckedHello, "hello" | "certificate">): string {
  return certificate?.name ?? hello.name;
}

export function helloHash(body: Bytes): Promise<Bytes> {
  return hash("hello hash", body);
}

/** The hello, or what is wrong with it. */
export async function checkHello(
  parsed: Parsed<Hello>,
  room: string,
  unixSeconds: number,
): Promise<CheckedHello | FaultCode> {
  const hello = parsed.message;
  if (hello.room !== room) return "wrong_room";
  // before anything is looked at that costs more, or that tells how far a forger got
  if (!(await isSignedBy(parsed, hello.signingKey))) return "bad_signature";
  if (isOfLowOrder(hello.ephemeralKey) || isOfLowOrder(hello.agreementKey)) return "malformed";
  const deviceId = await deviceIdOf(hello.signingKey, hello.agreementKey);
  let certificate: Certificate | undefined;
  if (hello.certificate.length > 0) {
    const checked = await checkCertificate(hello.certificate, deviceId, unixSeconds);
    // nobody gets in as a guest by a failed attempt at being a host
    if (typeof checked === "string") return checked;
    certificate = checked;
  }
  const own = await helloHash(parsed.body);
  return { hash: own, stay: hex(own), hello, deviceId, certificate };
}

/**
 * RFC 7748 §6.1: keys that lead to all zeros with any other. All of them, with the two that are such only after
 * reduction; the topmost bit is not looked at (§5).
 */
export function isOfLowOrder(key: Bytes): boolean {
  const masked = key.slice();
  masked[31]! &= 0x7f;
  return LOW_ORDER.some((low) => equal(masked, low));
}

const LOW_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((text) => Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16)));
