// Owns: how a packet of speech hides its length. Never does: touch the table of contents byte, which stays in front.
//
// A variable bit rate tells a listener on the line which sounds were spoken; Firefox sends one whatever the description
// asks for. So the plaintext is: 2 bytes length | payload | zeros, up to one of a few lengths.

import type { Bytes } from "./bytes.ts";

/** The payload in the smallest bucket that takes it, or nothing if none does. */
export function pad(payload: Uint8Array): Bytes | undefined {
  const bucket = BUCKETS.find((size) => payload.length <= size - LENGTH_BYTES);
  if (bucket === undefined) return undefined;
  const padded = new Uint8Array(bucket);
  new DataView(padded.buffer).setUint16(0, payload.length);
  padded.set(payload, LENGTH_BYTES);
  return padded;
}

/** The payload, or nothing if this is not what `pad` makes. */
export function unpad(padded: Bytes): Bytes | undefined {
  if (!BUCKETS.includes(padded.length)) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint16(0);
  const end = LENGTH_BYTES + length;
  if (end > padded.length || padded.subarray(end).some((byte) => byte !== 0)) return undefined;
  return padded.subarray(LENGTH_BYTES, end);
}

/** Lengths of the whole plaintext in bytes. The first holds 20 ms at 37 kbit/s, the last the longest packet of Opus. */
export const BUCKETS = [96, 192, 384, 768, 1536];

const LENGTH_BYTES = 2;
