// Owns: the byte type that Web Crypto takes, and joining. Never does: look into bytes.

/** Bytes over an own buffer: Web Crypto refuses shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** All parts, one after the other, in one new buffer. */
export function concat(...parts: Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
