// The clinic's root, and the certificates that it makes (SK-1.md, section 4).
//
// Owns: both. Never does: keep a root; it is in the owner's browser while a certificate is made, and in the printed kit.

import {
  concat,
  equal,
  field,
  Malformed,
  Reader,
  u64,
  u8,
  utf8,
  withoutControls,
  type Bytes,
} from "./encoding.ts";
import { importPrivate } from "./device.ts";
import type { FaultCode } from "./fault.ts";
import { hash, sign, verify } from "./primitives.ts";

/** A clinic's root in hand. */
export interface Root {
  publicKey: Bytes;
  /** What links and pages name it by. */
  hash: Bytes;
  sign: CryptoKey;
}

/** That a device is a host of a clinic. */
export interface Certificate {
  root: Bytes;
  rootHash: Bytes;
  deviceId: Bytes;
  name: string;
  /** Unix time in seconds. */
  notBefore: number;
  notAfter: number;
}

export async function rootOf(seed: Bytes): Promise<Root> {
  const [publicKey, key] = await importPrivate("Ed25519", seed, ["sign"]);
  return { publicKey, hash: await rootHash(publicKey), sign: key };
}

/** 128 bits, because the attack is to find a second root for a given hash. */
export async function rootHash(publicKey: Bytes): Promise<Bytes> {
  return (await hash("root", publicKey)).slice(0, ROOT_HASH_BYTES);
}

/** Makes a device a host. Times in Unix seconds. */
export async function certify(
  root: Root,
  { deviceId, name, notBefore, notAfter }: Pick<Certificate, "deviceId" | "name" | "notBefore" | "notAfter">,
): Promise<Bytes> {
  // what a reader would refuse is not made
  if (name.trim() === "" || utf8(name).length > 128) throw new Malformed("a name of no or too many letters");
  withoutControls(name);
  const fields = [root.publicKey, deviceId, u8(ROLE_HOST), utf8(name), u64(notBefore), u64(notAfter)];
  const before = concat(u8(VERSION), u8(KIND), ...fields.map(field));
  return concat(before, field(await sign(root.sign, "certificate", before)));
}

/** The certificate, if it is one for this device at this time; or what is wrong with it. */
export async function checkCertificate(
  bytes: Bytes,
  deviceId: Bytes,
  unixSeconds: number,
): Promise<Certificate | FaultCode> {
  const certificate = await signedCertificate(bytes);
  if (!certificate || !equal(certificate.deviceId, deviceId)) return "bad_certificate";
  return holdsAt(certificate, unixSeconds) ? certificate : "expired_certificate";
}

/** A certificate for whichever device and time, signed by the root that it names; else nothing. */
export async function signedCertificate(bytes: Bytes): Promise<Certificate | undefined> {
  const read = readCertificate(bytes);
  if (!read || read.role !== ROLE_HOST) return undefined;
  const { certificate, before, signature } = read;
  if (!(await verify(certificate.root, "certificate", signature, before))) return undefined;
  return { ...certificate, rootHash: await rootHash(certificate.root) };
}

export function holdsAt(
  { notBefore, notAfter }: Pick<Certificate, "notBefore" | "notAfter">,
  unixSeconds: number,
): boolean {
  return unixSeconds >= notBefore - CLOCK_SLACK_SECONDS && unixSeconds <= notAfter + CLOCK_SLACK_SECONDS;
}

function readCertificate(bytes: Bytes) {
  try {
    const reader = new Reader(bytes);
    if (reader.u8() !== VERSION || reader.u8() !== KIND) return undefined;
    const root = reader.field(32);
    const deviceId = reader.field(32);
    const role = reader.number(1);
    const certificate = {
      root,
      deviceId,
      name: withoutControls(reader.text(1, 128)),
      notBefore: reader.number(8),
      notAfter: reader.number(8),
    };
    const before = bytes.slice(0, reader.position);
    const signature = reader.field(64);
    reader.end();
    return { certificate, role, before, signature };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const VERSION = 1;
const KIND = 0x20;
const ROLE_HOST = 1;
export const ROOT_HASH_BYTES = 16;

/** Clocks are off by a day; a validity of months does not suffer from it. */
const CLOCK_SLACK_SECONDS = 48 * 3600;
