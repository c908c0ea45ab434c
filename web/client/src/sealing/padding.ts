// Owns: how a packet of speech hides its length. Never does: touch the table of contents byte, which stays in front.
//
// A variable bit rate tells a listener on the line which sounds were spoken; Firefox sends one whatever the description
// asks for. So the plaintext is: 2 bytes length | payload | zeros | trailer, together of one of a few lengths.

import type { Bytes } from "./bytes.ts";
import { readTrailer, SOUND_TRAILER_BYTES, writeTrailer, type Trailer } from "./trailer.ts";

/** The payload in the smallest bucket that takes it, or nothing if none does. */
export function pad(payload: Uint8Array, trailer: Trailer): Bytes | undefined {
  const bucket = bucketOf(payload.length);
  if (bucket === undefined) return undefined;
  const padded = new Uint8Array(bucket);
  new DataView(padded.buffer).setUint16(0, payload.length);
  padded.set(payload, LENGTH_BYTES);
  writeTrailer(trailer, padded.subarray(bucket - SOUND_TRAILER_BYTES));
  return padded;
}

/** The payload, or nothing if this is not what `pad` makes. */
export function unpad(padded: Bytes): { rest: Bytes; trailer: Trailer } | undefined {
  if (padded.length < LENGTH_BYTES) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint16(0);
  if (bucketOf(length) !== padded.length) return undefined;
  const [end, tail] = [LENGTH_BYTES + length, padded.length - SOUND_TRAILER_BYTES];
  if (padded.subarray(end, tail).some((byte) => byte !== 0)) return undefined;
  return { rest: padded.subarray(LENGTH_BYTES, end), trailer: readTrailer(padded.subarray(tail)) };
}

function bucketOf(payload: number): number | undefined {
  return BUCKETS.find((size) => LENGTH_BYTES + payload + SOUND_TRAILER_BYTES <= size);
}

/** Lengths of the whole plaintext in bytes. The first holds 20 ms at 34 kbit/s, the last the longest packet of Opus. */
export const BUCKETS = [96, 192, 384, 768, 1536];

const LENGTH_BYTES = 2;
