// EBML (RFC 8794), as far as recordings and what is played of them use it.
//
// Owns: elements in both directions. Never does: know what one means, or trust a size.

import { concat, type Bytes } from "../sealing/bytes.ts";

/** What stands before the content of an element. */
export interface Head {
  id: number;
  /** Undefined: it ends where its parent does, or where something stands that can't be in it (RFC 8794 §6.2). */
  size: number | undefined;
  /** Of the head itself. */
  length: number;
}

/** The head at `at`. "short": the bytes end within it. */
export function readHead(bytes: Uint8Array, at: number): Head | "short" | "malformed" {
  const id = readNumber(bytes, at, 4);
  if (typeof id === "string") return id;
  const size = readNumber(bytes, at + id.length, 8);
  if (typeof size === "string") return size;
  if (size.value > BigInt(Number.MAX_SAFE_INTEGER) && !size.isAllOnes) return "malformed";
  return {
    // the marker belongs to an identifier, and not to a size
    id: Number(id.value + id.marker),
    size: size.isAllOnes ? undefined : Number(size.value),
    length: id.length + size.length,
  };
}

/** The elements of which a whole content is made; nothing if it is not made so. */
export function readAll(content: Bytes): { id: number; content: Bytes }[] | undefined {
  const elements = [];
  for (let at = 0; at < content.length;) {
    const head = readHead(content, at);
    if (typeof head === "string" || head.size === undefined) return undefined;
    const from = at + head.length;
    at = from + head.size;
    if (at > content.length) return undefined;
    elements.push({ id: head.id, content: content.subarray(from, at) });
  }
  return elements;
}

/** RFC 8794 §7.2: an unsigned integer; nothing if it is longer than what a `number` holds. */
export function readUnsigned(content: Uint8Array): number | undefined {
  if (content.length > 8) return undefined;
  const value = content.reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.isSafeInteger(value) ? value : undefined;
}

export function element(id: number, ...content: Uint8Array[]): Bytes {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return concat(identifier(id), sizeOf(length), ...content);
}

/** One whose end nobody knows when it begins. */
export function unsizedElement(id: number): Bytes {
  return concat(identifier(id), Uint8Array.of(0xff));
}

/** In as few bytes as it takes (RFC 8794 §7.2). */
export function unsigned(id: number, value: number): Bytes {
  const bytes = bigEndian(value);
  const used = bytes.findIndex((byte) => byte !== 0);
  return element(id, bytes.subarray(used < 0 ? 7 : used));
}

export function text(id: number, value: string): Bytes {
  return element(id, new TextEncoder().encode(value));
}

/** RFC 8794 §7.3. */
export function float(id: number, value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return element(id, bytes);
}

function identifier(id: number): Bytes {
  const bytes = bigEndian(id);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

/** RFC 8794 §4: one to eight bytes, told by the first bit that is set. */
function sizeOf(value: number): Bytes {
  // all bits set mean unknown (RFC 8794 §6.2), so that value takes a byte more
  let length = 1;
  while (value >= 2 ** (7 * length) - 1) length += 1;
  return bigEndian(value + 2 ** (7 * length)).subarray(8 - length);
}

function bigEndian(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

function readNumber(bytes: Uint8Array, at: number, longest: number) {
  const first = bytes[at];
  if (first === undefined) return "short";
  const length = Math.clz32(first) - 24 + 1;
  if (length > longest) return "malformed";
  if (at + length > bytes.length) return "short";
  const marked = bytes.subarray(at, at + length).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const marker = 1n << BigInt(7 * length);
  const value = marked & (marker - 1n);
  return { value, marker, length, isAllOnes: value === marker - 1n };
}
