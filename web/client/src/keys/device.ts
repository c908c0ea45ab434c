// A device: what somebody is known by from one call to the next (SK-1.md, section 3).
//
// Owns: making and naming it, and its backup. Never does: store it.

import { concat, equal, Reader, u8, type Bytes } from "./encoding.ts";
import { hash, kdf, randomBytes } from "./primitives.ts";

export interface Device {
  id: Bytes;
  /** Ed25519, public. */
  signingKey: Bytes;
  /** X25519, public. */
  agreementKey: Bytes;
  /** Private, and not to be read again: all that can be done is to sign with it. */
  sign: CryptoKey;
  /** Private, likewise. */
  agree: CryptoKey;
}

export function deviceIdOf(signingKey: Bytes, agreementKey: Bytes): Promise<Bytes> {
  return hash("device", signingKey, agreementKey);
}

/** A new device. With a secret of 32 bytes, its backup comes along: made before the keys become unreadable. */
export async function newDevice(): Promise<{ device: Device; backUp: (secret: Bytes) => Promise<Bytes> }> {
  const seeds = { signing: randomBytes(32), agreement: randomBytes(32) };
  const device = await deviceOf(seeds);
  return { device, backUp: (secret) => wrap(secret, device.id, seeds) };
}

/** Whether these bytes have the form of a backup. */
export function isBackup(bytes: Bytes): boolean {
  return bytes.length === BACKUP_BYTES && bytes[0] === VERSION;
}

/** The device of a backup; nothing for another secret, or a backup that is damaged. */
export async function fromBackup(secret: Bytes, backup: Bytes): Promise<Device | undefined> {
  if (!isBackup(backup)) return undefined;
  const reader = new Reader(backup);
  const [head, ciphertext] = [reader.take(HEAD_BYTES), reader.take(BACKUP_BYTES - HEAD_BYTES)];
  const { key, parameters } = await cipher(secret, head);
  const opened = await crypto.subtle.decrypt(parameters, key, ciphertext).catch(() => undefined);
  if (!opened) return undefined;
  const seeds = new Uint8Array(opened);
  const device = await deviceOf({ signing: seeds.slice(0, 32), agreement: seeds.slice(32) });
  return equal(device.id, head.slice(1 + SALT_BYTES)) ? device : undefined;
}

/** Keys of known bytes. */
export async function deviceOf({ signing, agreement }: Seeds): Promise<Device> {
  const [signingKey, sign] = await importPrivate("Ed25519", signing, ["sign"]);
  const [agreementKey, agree] = await importPrivate("X25519", agreement, ["deriveBits"]);
  return { id: await deviceIdOf(signingKey, agreementKey), signingKey, agreementKey, sign, agree };
}

interface Seeds {
  signing: Bytes;
  agreement: Bytes;
}

/** `backup` of section 3. */
async function wrap(secret: Bytes, id: Bytes, { signing, agreement }: Seeds): Promise<Bytes> {
  // the salt is fresh for each backup, therefore key and nonce are
  const head = concat(u8(VERSION), randomBytes(SALT_BYTES), id);
  const { key, parameters } = await cipher(secret, head);
  const sealed = await crypto.subtle.encrypt(parameters, key, concat(signing, agreement));
  return concat(head, new Uint8Array(sealed));
}

async function cipher(secret: Bytes, head: Bytes) {
  const derived = await kdf(secret, head.slice(1, 1 + SALT_BYTES), "backup", 44);
  const usages: KeyUsage[] = ["encrypt", "decrypt"];
  const key = await crypto.subtle.importKey("raw", derived.slice(0, 32), "AES-GCM", false, usages);
  return { key, parameters: { name: "AES-GCM", iv: derived.slice(32), additionalData: head } };
}

/** The public key of a private one, and the private one as it is to stay: not to be read again. */
export async function importPrivate(
  algorithm: "Ed25519" | "X25519",
  seed: Bytes,
  usages: KeyUsage[],
): Promise<[Bytes, CryptoKey]> {
  const encoded = concat(PKCS8[algorithm], seed);
  // Web Crypto tells a public key only of a private one that can be read
  const readable = await crypto.subtle.importKey("pkcs8", encoded, algorithm, true, usages);
  const { x } = await crypto.subtle.exportKey("jwk", readable);
  const kept = await crypto.subtle.importKey("pkcs8", encoded, algorithm, false, usages);
  return [Uint8Array.from(atob(x!.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)), kept];
}

/** RFC 8410 §7: what stands before the 32 bytes of a private key. */
const PKCS8 = {
  Ed25519: Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20),
  X25519: Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20),
};

const VERSION = 1;
const SALT_BYTES = 16;
/** Version, salt and device id: what the AEAD takes as known. */
const HEAD_BYTES = 1 + SALT_BYTES + 32;
const BACKUP_BYTES = HEAD_BYTES + 64 + 16;
