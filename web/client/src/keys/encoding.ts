// How SK-1 writes numbers and texts down (SK-1.md, section 2).
//
// Owns: fields with their lengths, in both directions. Never does: know a message, read past an end.

import type { Bytes } from "../sealing/bytes.ts";

export { concat, type Bytes } from "../sealing/bytes.ts";

/** What was read is not of the form. Nobody's state changes by it. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

export function u8(value: number): Bytes {
  return Uint8Array.of(value);
}

export function u16(value: number): Bytes {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value);
  return bytes;
}

export function u32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Of a whole number that a `number` holds exactly. */
export function u64(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

export function field(content: Uint8Array): Bytes {
  const bytes = new Uint8Array(2 + content.length);
  new DataView(bytes.buffer).setUint16(0, content.length);
  bytes.set(content, 2);
  return bytes;
}

export function utf8(text: string): Bytes {
  return new Uint8Array(new TextEncoder().encode(text));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Byte by byte. */
export function isLess(one: Uint8Array, other: Uint8Array): boolean {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return at >= 0 && at < other.length ? one[at]! < other[at]! : one.length < other.length && at < 0;
}

/** Reads bytes from the front. Every way of failing is a `Malformed`. */
export class Reader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** How many bytes were read so far. */
  get position(): number {
    return this.#at;
  }

  take(count: number): Bytes {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new Malformed("it ends too early");
    const taken = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return taken;
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    return viewOf(this.take(2)).getUint16(0);
  }

  u32(): number {
    return viewOf(this.take(4)).getUint32(0);
  }

  /** A number beyond what a `number` holds exactly is malformed. */
  u64(): number {
    const value = viewOf(this.take(8)).getBigUint64(0);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed("a number out of range");
    return Number(value);
  }

  /** A field of a length from `least` to `most`. */
  field(least: number, most = least): Bytes {
    const length = this.u16();
    if (length < least || length > most) throw new Malformed(`a field of ${length} bytes`);
    return this.take(length);
  }

  /** A field that is UTF-8. */
  text(least: number, most: number): string {
    try {
      // a byte order mark is part of the text: left out, two spellings would be one
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.field(least, most));
    } catch (error) {
      throw error instanceof Malformed ? error : new Malformed("a text that is not UTF-8");
    }
  }

  /** A field of one number. */
  number(bytes: 1 | 2 | 4 | 8): number {
    const reader = new Reader(this.field(bytes));
    return { 1: () => reader.u8(), 2: () => reader.u16(), 4: () => reader.u32(), 8: () => reader.u64() }[
      bytes
    ]();
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new Malformed("something follows");
  }
}

/** Readers of equal parts. */
export function pieces(bytes: Bytes, size: number): Reader[] {
  if (bytes.length % size !== 0) throw new Malformed("half an entry");
  return Array.from(
    { length: bytes.length / size },
    (_, at) => new Reader(bytes.slice(at * size, (at + 1) * size)),
  );
}

export function inRange(value: number, least: number, most: number): number {
  if (value < least || value > most) throw new Malformed("a number out of range");
  return value;
}

/** A name as it may stand on a tile. */
export function withoutControls(text: string): string {
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) throw new Malformed("control characters in a name");
  return text;
}

function viewOf(bytes: Bytes): DataView {
  return new DataView(bytes.buffer);
}
