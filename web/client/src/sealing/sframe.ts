// SFrame, RFC 9605: the header, the key schedule, and the AEAD over one frame.
//
// Owns: the coding of headers, one imported key per object. Never does: choose counters, remember what was seen, know
// a codec.

import { concat, type Bytes } from "./bytes.ts";

/** A cipher suite of RFC 9605 §4.5 whose AEAD Web Crypto has. */
export interface Suite {
  /** As in the IANA registry "SFrame Cipher Suites". */
  id: number;
  hash: "SHA-256" | "SHA-512";
  /** Nk. */
  keyBytes: number;
}

export const AES_128_GCM_SHA256_128: Suite = { id: 4, hash: "SHA-256", keyBytes: 16 };
export const AES_256_GCM_SHA512_128: Suite = { id: 5, hash: "SHA-512", keyBytes: 32 };

/** What stands before the ciphertext. */
export interface Header {
  kid: bigint;
  counter: bigint;
  /** How many bytes it takes. */
  length: number;
}

/** Nt: both suites have a tag of 16 bytes. */
export const TAG_BYTES = 16;

/** RFC 9605 §4.3: the configuration byte, then the key id and the counter where they don't fit into it. */
export function encodeHeader(kid: bigint, counter: bigint): Bytes {
  const header = new Uint8Array(1 + lengthOf(kid) + lengthOf(counter));
  let configuration = 0;
  let end = header.length;
  for (const [value, shift] of [
    [counter, 0],
    [kid, 4],
  ] as const) {
    const length = lengthOf(value);
    configuration |= (length === 0 ? Number(value) : EXTENDED | (length - 1)) << shift;
    writeBigEndian(header.subarray(end - length, end), value);
    end -= length;
  }
  header[0] = configuration;
  return header;
}

/** The header at `offset`, or nothing if the bytes end within it. */
export function decodeHeader(data: Uint8Array, offset = 0): Header | undefined {
  const configuration = data[offset];
  if (configuration === undefined) return undefined;
  const kidLength = extendedLength(configuration >> 4);
  const counterLength = extendedLength(configuration);
  const length = 1 + kidLength + counterLength;
  if (offset + length > data.length) return undefined;
  const read = (from: number, bytes: number, inline: number) =>
    bytes === 0 ? BigInt(inline & VALUE) : readBigEndian(data, offset + from, bytes);
  return {
    kid: read(1, kidLength, configuration >> 4),
    counter: read(1 + kidLength, counterLength, configuration),
    length,
  };
}

/** The AEAD under one key id: made once, used for every frame. */
export class SframeKey {
  readonly kid: bigint;
  readonly #salt: Bytes;
  readonly #key: CryptoKey;

  /** RFC 9605 §4.4.2. The key can't be read out of the browser's cryptography again. */
  static async import(kid: bigint, baseKey: Uint8Array, suite = AES_256_GCM_SHA512_128): Promise<SframeKey> {
    const uses: KeyUsage[] = ["deriveBits", "deriveKey"];
    const material = await crypto.subtle.importKey("raw", new Uint8Array(baseKey), "HKDF", false, uses);
    // HKDF-Extract with the empty salt and HKDF-Expand with the label are one step in Web Crypto
    const parameters = (label: string): HkdfParams => {
      const info = labelOf(label, kid, suite);
      return { name: "HKDF", hash: suite.hash, salt: new Uint8Array(), info };
    };
    const [salt, key] = await Promise.all([
      crypto.subtle.deriveBits(parameters("SFrame 1.0 Secret salt "), material, NONCE_BYTES * 8),
      crypto.subtle.deriveKey(
        parameters("SFrame 1.0 Secret key "),
        material,
        { name: "AES-GCM", length: suite.keyBytes * 8 },
        false,
        ["encrypt", "decrypt"],
      ),
    ]);
    return new SframeKey(kid, new Uint8Array(salt), key);
  }

  private constructor(kid: bigint, salt: Bytes, key: CryptoKey) {
    this.kid = kid;
    this.#salt = salt;
    this.#key = key;
  }

  /** Whether this is the same key: the salt comes from the base key and the key id, as the key does. */
  equals(other: SframeKey): boolean {
    return this.kid === other.kid && this.#salt.every((byte, index) => byte === other.#salt[index]);
  }

  /** Ciphertext and tag, to stand after `header`, which the caller made for `counter`. */
  async seal(header: Uint8Array, counter: bigint, metadata: Uint8Array, plaintext: Bytes): Promise<Bytes> {
    const parameters = this.#parameters(counter, header, metadata);
    return new Uint8Array(await crypto.subtle.encrypt(parameters, this.#key, plaintext));
  }

  /** The plaintext, or nothing if this is not what was sealed. */
  async open(
    header: Uint8Array,
    counter: bigint,
    metadata: Uint8Array,
    ciphertext: Bytes,
  ): Promise<Bytes | undefined> {
    const parameters = this.#parameters(counter, header, metadata);
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters, this.#key, ciphertext));
    } catch {
      return undefined; // Web Crypto says no more than that, on purpose
    }
  }

  #parameters(counter: bigint, header: Uint8Array, metadata: Uint8Array): AesGcmParams {
    return { name: "AES-GCM", iv: this.#nonce(counter), additionalData: concat(header, metadata) };
  }

  /** RFC 9605 §4.4.3: nonce = xor(sframe_salt, ctr). */
  #nonce(counter: bigint): Bytes {
    const nonce = this.#salt.slice();
    const view = new DataView(nonce.buffer);
    const tail = NONCE_BYTES - 8;
    view.setBigUint64(tail, view.getBigUint64(tail) ^ counter);
    return nonce;
  }
}

/** How many bytes a value takes after the configuration byte. */
function lengthOf(value: bigint): number {
  if (value <= BigInt(VALUE)) return 0;
  let length = 0;
  for (let rest = value; rest > 0n; rest >>= 8n) length += 1;
  return length;
}

function extendedLength(nibble: number): number {
  return nibble & EXTENDED ? (nibble & VALUE) + 1 : 0;
}

function writeBigEndian(target: Uint8Array, value: bigint): void {
  let rest = value;
  for (let index = target.length - 1; index >= 0; index -= 1) {
    target[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

function readBigEndian(data: Uint8Array, offset: number, length: number): bigint {
  let value = 0n;
  for (const byte of data.subarray(offset, offset + length)) value = (value << 8n) | BigInt(byte);
  return value;
}

function labelOf(label: string, kid: bigint, { id }: Suite): Bytes {
  const numbers = new DataView(new ArrayBuffer(10));
  numbers.setBigUint64(0, kid);
  numbers.setUint16(8, id);
  return concat(new TextEncoder().encode(label), new Uint8Array(numbers.buffer));
}

/** In each half of the configuration byte: the upper bit says that the value follows, the others are it or its length. */
const EXTENDED = 0b1000;
const VALUE = 0b0111;

/** Nn. */
const NONCE_BYTES = 12;
