// What a sender says about a frame, sealed behind it: when it was captured, and how large the picture is.
//
// Owns: the form. Never does: read a clock. Whoever records knows from it how sound and picture of one sender belong
// together, and a server can shift neither.

import type { Bytes } from "./bytes.ts";

export interface Trailer {
  /** Microseconds since 1970 by the sender's clock, which is one for all its tracks. */
  captureMicros: number;
  /** Of the picture in pixels; 0 where the browser does not tell, and of sound. */
  width: number;
  height: number;
}

/** Of a picture. */
export const PICTURE_TRAILER_BYTES = 12;
/** Of sound, which has no size. */
export const SOUND_TRAILER_BYTES = 8;

export function writeTrailer({ captureMicros, width, height }: Trailer, target: Bytes): void {
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  view.setBigUint64(0, BigInt(Math.max(0, Math.round(captureMicros))));
  if (target.length < PICTURE_TRAILER_BYTES) return;
  view.setUint16(8, Math.min(width, 0xffff));
  view.setUint16(10, Math.min(height, 0xffff));
}

export function readTrailer(bytes: Bytes): Trailer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isPicture = bytes.length === PICTURE_TRAILER_BYTES;
  return {
    captureMicros: Number(view.getBigUint64(0)),
    width: isPicture ? view.getUint16(8) : 0,
    height: isPicture ? view.getUint16(10) : 0,
  };
}
