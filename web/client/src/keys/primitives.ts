// The primitives of SK-1, each with a label of its own, so that nothing made for one purpose passes for another
// (SK-1.md, section 2).
//
// Owns: their form. Never does: keep a key.

import { concat, equal, utf8, type Bytes } from "./encoding.ts";

/** All labels begin with this. */
const PREFIX = "rapport/sk1 ";

const ZERO = new Uint8Array(1);

/** The label, and the byte that ends it. */
export function labelled(label: string, ...parts: Uint8Array[]): Bytes {
  return concat(utf8(PREFIX + label), ZERO, ...parts);
}

/** `H(label, x)`. */
export async function hash(label: string, ...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", labelled(label, ...parts)));
}

/** `KDF(k, s, label, n)`: HKDF-SHA-256 (RFC 5869). */
export function kdf(key: Uint8Array, salt: Uint8Array, label: string, length: number): Promise<Bytes> {
  return hkdf(key, salt, utf8(PREFIX + label), length);
}

export async function hkdf(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Bytes> {
  const material = await crypto.subtle.importKey("raw", new Uint8Array(key), "HKDF", false, ["deriveBits"]);
  const parameters = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(salt),
    info: new Uint8Array(info),
  };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, material, length * 8));
}

/** HMAC-SHA-256 (RFC 2104). */
export async function hmac(key: Uint8Array, data: Uint8Array): Promise<Bytes> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", new Uint8Array(key), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, new Uint8Array(data)));
}

/** `MAC(k, label, x)`. */
export function mac(key: Uint8Array, label: string, ...parts: Uint8Array[]): Promise<Bytes> {
  return hmac(key, labelled(label, ...parts));
}

/** `Sign(k, label, x)`: Ed25519 (RFC 8032). */
export async function sign(key: CryptoKey, label: string, ...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, labelled(label, ...parts)));
}

/** Whether that is the signature of the holder of the key; `false` for a key that is none, too. */
export async function verify(
  publicKey: Bytes,
  label: string,
  signature: Bytes,
  ...parts: Uint8Array[]
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, labelled(label, ...parts));
  } catch (error) {
    if (error instanceof DOMException && error.name === "DataError") return false;
    throw error;
  }
}

/** What two X25519 keys agree on; nothing where that is all zeros, which a key of low order leads to (RFC 7748 §6.1). */
export async function agree(privateKey: CryptoKey, publicKey: Bytes): Promise<Bytes | undefined> {
  try {
    const other = await crypto.subtle.importKey("raw", publicKey, "X25519", false, []);
    const bits = await crypto.subtle.deriveBits({ name: "X25519", public: other }, privateKey, 256);
    const shared = new Uint8Array(bits);
    return equal(shared, new Uint8Array(shared.length)) ? undefined : shared;
  } catch (error) {
    // Web Crypto refuses such a key by itself
    if (error instanceof DOMException && error.name === "OperationError") return undefined;
    throw error;
  }
}

export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** A pair of Web Crypto's, with the public half as bytes. */
export interface KeyPair {
  privateKey: CryptoKey;
  publicKey: Bytes;
}

/** A private key that cannot be read again. */
export async function newAgreementPair(): Promise<KeyPair> {
  const pair = (await crypto.subtle.generateKey("X25519", false, ["deriveBits"])) as CryptoKeyPair;
  return { privateKey: pair.privateKey, publicKey: await rawOf(pair.publicKey) };
}

export async function rawOf(publicKey: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
}
