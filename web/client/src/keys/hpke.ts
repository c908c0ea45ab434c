// HPKE (RFC 9180), base mode, one message: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
//
// Owns: that one suite. Never does: know what is sealed.
//
// Of our own because it is a hundred lines over Web Crypto for one suite of one mode: the libraries bring every suite
// and their own curves, several times the size of the rest of this folder. RFC 9180's vectors are in the tests.

import { concat, u16, utf8, type Bytes } from "./encoding.ts";
import { agree, hkdf, hmac, rawOf, type KeyPair } from "./primitives.ts";

/** What goes to the holder of the private key. */
export interface Sealed {
  /** The sender's ephemeral public key: 32 bytes. */
  enc: Bytes;
  /** With a tag of 16 bytes. */
  ct: Bytes;
}

/**
 * Seals to a public key; nothing if that is not one that a secret can be agreed on with. An `ephemeral` pair is for test
 * vectors alone.
 */
export async function sealTo(
  publicKey: Bytes,
  info: Bytes,
  aad: Bytes,
  plaintext: Bytes,
  ephemeral?: KeyPair,
): Promise<Sealed | undefined> {
  const { privateKey, publicKey: enc } = ephemeral ?? (await newPair());
  const shared = await agree(privateKey, publicKey);
  if (!shared) return undefined;
  const { key, nonce } = await schedule(shared, enc, publicKey, info);
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: aad };
  return { enc, ct: new Uint8Array(await crypto.subtle.encrypt(parameters, key, plaintext)) };
}

/** Opens what was sealed to this pair; nothing if it was not. */
export async function openFrom(
  pair: KeyPair,
  sealed: Sealed,
  info: Bytes,
  aad: Bytes,
): Promise<Bytes | undefined> {
  const shared = await agree(pair.privateKey, sealed.enc);
  if (!shared) return undefined;
  const { key, nonce } = await schedule(shared, sealed.enc, pair.publicKey, info);
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: aad };
  const opened = await crypto.subtle.decrypt(parameters, key, sealed.ct).catch(() => undefined);
  return opened && new Uint8Array(opened);
}

async function newPair(): Promise<KeyPair> {
  const pair = (await crypto.subtle.generateKey("X25519", false, ["deriveBits"])) as CryptoKeyPair;
  return { privateKey: pair.privateKey, publicKey: await rawOf(pair.publicKey) };
}

/** §4.1 ExtractAndExpand, then §5.1 KeySchedule with mode_base. */
async function schedule(dh: Bytes, enc: Bytes, receiver: Bytes, info: Bytes) {
  const sharedSecret = await labelledExpand(
    KEM_SUITE,
    EMPTY,
    labelledInput(KEM_SUITE, "eae_prk", dh),
    "shared_secret",
    concat(enc, receiver),
    32,
  );
  const pskIdHash = await labelledExtract(SUITE, "psk_id_hash", EMPTY);
  const infoHash = await labelledExtract(SUITE, "info_hash", info);
  const context = concat(MODE_BASE, pskIdHash, infoHash);
  const secret = labelledInput(SUITE, "secret", EMPTY);
  const bits = await labelledExpand(SUITE, sharedSecret, secret, "key", context, 32);
  const nonce = await labelledExpand(SUITE, sharedSecret, secret, "base_nonce", context, 12);
  const key = await crypto.subtle.importKey("raw", bits, "AES-GCM", false, ["encrypt", "decrypt"]);
  // §5.2: the nonce of the first message is base_nonce itself
  return { key, nonce };
}

/** §4: LabeledExtract without a salt. */
function labelledExtract(suite: Bytes, label: string, input: Bytes): Promise<Bytes> {
  // RFC 5869 §2.2: a salt that is not provided is a string of HashLen zeros
  return hmac(new Uint8Array(32), labelledInput(suite, label, input));
}

/** §4: LabeledExpand of an extract; Web Crypto does both at once. */
function labelledExpand(suite: Bytes, salt: Bytes, input: Bytes, label: string, info: Bytes, length: number) {
  return hkdf(input, salt, concat(u16(length), VERSION, suite, utf8(label), info), length);
}

function labelledInput(suite: Bytes, label: string, input: Bytes): Bytes {
  return concat(VERSION, suite, utf8(label), input);
}

const EMPTY = new Uint8Array(0);
const VERSION = utf8("HPKE-v1");
/** §7.1: DHKEM(X25519, HKDF-SHA256). */
const KEM_SUITE = concat(utf8("KEM"), u16(0x0020));
/** §7.2 and §7.3: HKDF-SHA256, AES-256-GCM. */
const SUITE = concat(utf8("HPKE"), u16(0x0020), u16(0x0001), u16(0x0002));
const MODE_BASE = Uint8Array.of(0);
