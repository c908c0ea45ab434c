// What a packetiser of AV1 must still be able to read.
//
// Owns: OBU boundaries (AV1 bitstream specification §5.3), the sequence header in its one spelling, and the envelope
// around what is sealed. Never does: decode.
//
// A packetiser of AV1 takes temporal delimiters away and the sizes of OBUs out (AV1 RTP specification §5), and the far
// end puts sizes back. So what is sealed is put into one OBU that looks like a frame, whose bytes nobody touches; and
// what stays clear is written as the far end will write it, because it is authenticated.

import { concat, type Bytes } from "./bytes.ts";

/** The sequence header, if the frame begins with one, and all that follows. A temporal delimiter is left out. */
export function splitUnit(frame: Bytes): { prefix: Bytes; rest: Bytes } | undefined {
  let at = 0;
  let prefix = new Uint8Array(0);
  for (let unit = readUnit(frame, at); unit; unit = readUnit(frame, at)) {
    if (unit.type === SEQUENCE_HEADER && prefix.length === 0) prefix = spell(unit);
    else if (unit.type !== TEMPORAL_DELIMITER || prefix.length > 0) break;
    at = unit.end;
  }
  const rest = frame.subarray(at);
  return readUnit(rest, 0) && { prefix, rest };
}

/** An OBU of a frame that is none. */
export function envelop(sealed: Bytes): Bytes {
  return concat(Uint8Array.of(FRAME_WITH_SIZE), leb128(sealed.length), sealed);
}

/** Undoes `envelop`; nothing if that is not all that there is. */
export function unenvelop(unit: Bytes): Bytes | undefined {
  const read = readUnit(unit, 0);
  return read && unit[0] === FRAME_WITH_SIZE && read.end === unit.length ? read.payload : undefined;
}

interface Unit {
  type: number;
  /** The extension byte, of layers. */
  extension: number | undefined;
  payload: Bytes;
  /** Where the next one begins. */
  end: number;
}

/** §5.3.1: open_bitstream_unit. Without obu_has_size_field it goes to the end. */
function readUnit(data: Bytes, at: number): Unit | undefined {
  const header = data[at];
  if (header === undefined || header & FORBIDDEN_BIT) return undefined;
  const hasExtension = (header & EXTENSION_BIT) !== 0;
  const begin = at + 1 + (hasExtension ? 1 : 0);
  if (begin > data.length) return undefined;
  const size = header & SIZE_BIT ? readLeb128(data, begin) : { value: data.length - begin, end: begin };
  if (!size || size.end + size.value > data.length) return undefined;
  const end = size.end + size.value;
  return {
    type: (header >> 3) & 0x0f,
    extension: hasExtension ? data[at + 1] : undefined,
    payload: data.subarray(size.end, end),
    end,
  };
}

/** The OBU as the far end writes it: with its size, in as few bytes as that takes. */
function spell({ type, extension, payload }: Unit): Bytes {
  const header = (type << 3) | SIZE_BIT | (extension === undefined ? 0 : EXTENSION_BIT);
  const head = extension === undefined ? [header] : [header, extension];
  return concat(Uint8Array.from(head), leb128(payload.length), payload);
}

/** §4.10.5: seven bits a byte, the least first. */
function leb128(value: number): Bytes {
  const bytes: number[] = [];
  for (let rest = value; bytes.length === 0 || rest > 0; rest = Math.floor(rest / 128))
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
  return Uint8Array.from(bytes);
}

function readLeb128(data: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < MOST_LEB128_BYTES; index += 1) {
    const byte = data[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 128 ** index;
    if ((byte & 0x80) === 0) return { value, end: at + index + 1 };
  }
  return undefined;
}

/** §6.2.2: obu_type. */
const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;
const FORBIDDEN_BIT = 0x80;
const EXTENSION_BIT = 0x04;
const SIZE_BIT = 0x02;
/** OBU_FRAME is 6. */
const FRAME_WITH_SIZE = (6 << 3) | SIZE_BIT;
/** 2^28 bytes are no frame. */
const MOST_LEB128_BYTES = 4;
