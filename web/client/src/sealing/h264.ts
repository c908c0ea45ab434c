// What a packetiser of H.264 must still be able to read, and what it must not find.
//
// Owns: NAL unit boundaries and emulation prevention (ITU-T H.264 §7.4.1.1, Annex B). Never does: decode.

import type { Bytes } from "./bytes.ts";

/** Where the bytes to seal begin: after the header and one byte of the first slice. Nothing if there is no slice. */
export function sliceOffset(frame: Uint8Array): number | undefined {
  for (let index = 0; index + 4 < frame.length; index += 1) {
    if (frame[index] !== 0 || frame[index + 1] !== 0 || frame[index + 2] !== 1) continue;
    if (isSlice(frame[index + 3] ?? 0)) return index + 5;
  }
  return undefined;
}

/** Bytes in which no start code can be found: a 3 after any two zeros that a byte of 3 or less, or the end, follows. */
export function escape(data: Uint8Array): Bytes {
  const escaped = new Uint8Array(data.length + countEmulations(data));
  let zeros = 0;
  let end = 0;
  for (let index = 0; index < data.length; index += 1) {
    const byte = data[index] as number;
    if (zeros === 2 && byte <= EMULATION_PREVENTION) {
      escaped[end++] = EMULATION_PREVENTION;
      zeros = 0;
    }
    escaped[end++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  if (zeros === 2) escaped[end] = EMULATION_PREVENTION;
  return escaped;
}

/** The bytes before `escape`. */
export function unescape(data: Uint8Array): Bytes {
  const plain = new Uint8Array(data.length);
  let zeros = 0;
  let end = 0;
  for (let index = 0; index < data.length; index += 1) {
    const byte = data[index] as number;
    if (zeros === 2 && byte === EMULATION_PREVENTION) {
      zeros = 0;
      continue;
    }
    plain[end++] = byte;
    zeros = byte === 0 ? Math.min(zeros + 1, 2) : 0;
  }
  return plain.subarray(0, end);
}

function countEmulations(data: Uint8Array): number {
  let count = 0;
  let zeros = 0;
  for (let index = 0; index < data.length; index += 1) {
    const byte = data[index] as number;
    if (zeros === 2 && byte <= EMULATION_PREVENTION) {
      count += 1;
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return zeros === 2 ? count + 1 : count;
}

/** ITU-T H.264 table 7-1: 1 is a slice of another picture, 5 of an IDR picture. */
function isSlice(header: number): boolean {
  const type = header & 0x1f;
  return type === 1 || type === 5;
}

const EMULATION_PREVENTION = 3;
