// Which bytes of a frame stay readable, by codec, and what is sealed: layout 2 (LAYOUT.md).
//
// Owns: clear prefixes, and what a codec needs around the sealed part. Never does: seal. The prefix is authenticated.
//
// A packetiser reads what it expects of its codec at the head of a frame, so some bytes must be what they were. The
// codec is told by the frame's own metadata (`mimeType`), which Chromium and Firefox fill in both directions; with a
// browser that does not fill it nothing is sealed and nothing opened, and the page is told (`no_codec`).

import { envelop, splitUnit, unenvelop } from "./av1.ts";
import { concat, type Bytes } from "./bytes.ts";
import { escape, sliceOffset, unescape } from "./h264.ts";
import { pad, unpad } from "./padding.ts";
import { PICTURE_TRAILER_BYTES, readTrailer, writeTrailer, type Trailer } from "./trailer.ts";

export type Codec = "opus" | "vp8" | "vp9" | "h264" | "av1";

/** Where a frame is cut, and how its two parts are put on the wire and taken from it. */
export interface Layout {
  /** Nothing if this is no frame of the codec. Holds for the clear and for the sealed frame alike. */
  split(frame: Bytes): { prefix: Bytes; rest: Bytes } | undefined;
  /** What is to be sealed of the bytes after the prefix; nothing if it can't be. */
  plaintext(rest: Bytes, trailer: Trailer): Bytes | undefined;
  /** Undoes `plaintext`. */
  rest(plaintext: Bytes): { rest: Bytes; trailer: Trailer } | undefined;
  /** The sealed frame in the form that the packetiser takes. */
  join(prefix: Uint8Array, header: Uint8Array, ciphertext: Uint8Array): Bytes;
  /** Undoes `join` for the bytes after the prefix; nothing if `join` does not make such. */
  sealed(rest: Bytes): Bytes | undefined;
}

/** The codec of a frame by its MIME type; nothing for those that have no layout. */
export function codecOf(mimeType: string | undefined): Codec | undefined {
  const [, name] = mimeType?.toLowerCase().split("/") ?? [];
  return name !== undefined && Object.hasOwn(LAYOUTS, name) ? (name as Codec) : undefined;
}

const picture = {
  plaintext: (rest: Bytes, trailer: Trailer) => {
    if (rest.length === 0) return undefined;
    const plaintext = new Uint8Array(rest.length + PICTURE_TRAILER_BYTES);
    plaintext.set(rest);
    writeTrailer(trailer, plaintext.subarray(rest.length));
    return plaintext;
  },
  rest: (plaintext: Bytes) => {
    const end = plaintext.length - PICTURE_TRAILER_BYTES;
    if (end < 0) return undefined;
    return { rest: plaintext.subarray(0, end), trailer: readTrailer(plaintext.subarray(end)) };
  },
  join: concat,
  sealed: (rest: Bytes) => rest,
};

export const LAYOUTS: Record<Codec, Layout> = {
  // RFC 6716 §3.1: the table of contents byte
  opus: { split: after(() => 1), plaintext: pad, rest: unpad, join: concat, sealed: (rest) => rest },
  // RFC 6386 §9.1: bit 0 of byte 0 is 0 in a key frame, which has 7 bytes of start code and size after its 3 bytes of
  // tag. `frame.type` is not asked: it disagrees with this bit in some browsers, and the far end has only the bit.
  vp8: { ...picture, split: after(([first = 0]) => ((first & 1) === 0 ? 10 : 3)) },
  // RFC 9628 §4: all that is needed stands in the payload descriptor
  vp9: { ...picture, split: after(() => 0) },
  h264: {
    ...picture,
    split: after(sliceOffset),
    join: (prefix, header, ciphertext) => concat(prefix, escape(concat(header, ciphertext))),
    sealed: unescape,
  },
  av1: {
    ...picture,
    split: splitUnit,
    join: (prefix, header, ciphertext) => concat(prefix, envelop(concat(header, ciphertext))),
    sealed: unenvelop,
  },
};

/** A prefix must lie within its frame. */
function after(length: (frame: Bytes) => number | undefined): Layout["split"] {
  return (frame) => {
    const cut = length(frame);
    if (cut === undefined || cut > frame.length) return undefined;
    return { prefix: frame.subarray(0, cut), rest: frame.subarray(cut) };
  };
}
