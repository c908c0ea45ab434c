// Writes what a browser plays of H.264 by Media Source Extensions, which knows it in MP4 alone: a fragment for each
// frame.
//
// Owns: the boxes (ISO/IEC 14496-12), and H.264 as it stands in them (ISO/IEC 14496-15). Never does: know a key, or the
// other tracks.

import { concat, type Bytes } from "../sealing/bytes.ts";

/** Of one picture: nothing before its first key frame that says how it is coded. */
export class FragmentWriter {
  #fragments = 0;
  #last = -1;

  /** The frame, with what has to stand before it; nothing if a decoder can't begin with it. */
  write(
    ms: number,
    isKey: boolean,
    frame: Bytes,
    size: { width: number; height: number },
  ): Bytes | undefined {
    const units = unitsOf(frame);
    const parts: Bytes[] = [];
    if (this.#fragments === 0) {
      const configuration = isKey ? configurationOf(units) : undefined;
      if (!configuration) return undefined;
      parts.push(header(configuration, size));
    }
    // a time that goes back is refused as a whole
    const at = Math.max(ms, this.#last + 1);
    this.#last = at;
    this.#fragments += 1;
    const sample = concat(...units.flatMap((unit) => [u32(unit.length), unit]));
    return concat(...parts, fragment(this.#fragments, at, isKey, sample.length), box("mdat", sample));
  }
}

/** ITU-T H.264 Annex B: what stands between start codes. Zeros behind a unit are not of it. */
export function unitsOf(frame: Bytes): Bytes[] {
  const starts: number[] = [];
  for (let at = 0; at + 2 < frame.length; at += 1)
    if (frame[at] === 0 && frame[at + 1] === 0 && frame[at + 2] === 1) starts.push(at);
  return starts.flatMap((start, index) => {
    let end = starts[index + 1] ?? frame.length;
    while (end > start + 3 && frame[end - 1] === 0) end -= 1;
    return end > start + 3 ? [frame.subarray(start + 3, end)] : [];
  });
}

/** avcC (ISO/IEC 14496-15 §5.3.3.1): version 1, lengths of four bytes, one set of each. */
function configurationOf(units: Bytes[]): Bytes | undefined {
  const of = (kind: number) => units.find(([first = 0]) => (first & 0x1f) === kind);
  const [sequence, picture] = [of(SEQUENCE_SET), of(PICTURE_SET)];
  if (!sequence || sequence.length < 4 || !picture) return undefined;
  const profile = sequence.subarray(1, 4);
  const head = Uint8Array.of(1, ...profile, 0xff, 0xe1);
  const sets = [u16(sequence.length), sequence, Uint8Array.of(1), u16(picture.length), picture];
  return box("avcC", head, ...sets);
}

function header(configuration: Bytes, { width, height }: { width: number; height: number }): Bytes {
  const entry = box(
    "avc1",
    zeros(6),
    u16(1), // the data are in this file
    zeros(16),
    u16(width),
    u16(height),
    u32(0x0048_0000), // 72 dots an inch, both ways
    u32(0x0048_0000),
    zeros(4),
    u16(1),
    zeros(32),
    u16(0x18),
    u16(0xffff),
    configuration,
  );
  // where samples are the fragments say
  const empty = ["stts", "stsc", "stco"].map((name) => box(name, zeros(8)));
  const table = box("stbl", box("stsd", zeros(4), u32(1), entry), ...empty, box("stsz", zeros(12)));
  const reference = box("dinf", box("dref", zeros(4), u32(1), box("url ", u32(1))));
  const information = box("minf", box("vmhd", u32(1), zeros(8)), reference, table);
  const media = box(
    "mdia",
    box("mdhd", zeros(12), u32(MILLIS), zeros(4), u16(UNDETERMINED), zeros(2)),
    box("hdlr", zeros(8), ascii("vide"), zeros(13)),
    information,
  );
  const size = concat(u16(width), zeros(2), u16(height), zeros(2));
  const track = box(
    "trak",
    box("tkhd", u32(TRACK_IS_ENABLED), zeros(8), u32(1), zeros(24), MATRIX, size),
    media,
  );
  const movie = box(
    "mvhd",
    zeros(12),
    u32(MILLIS),
    zeros(4),
    u32(0x1_0000),
    zeros(12),
    MATRIX,
    zeros(24),
    u32(2),
  );
  const extends_ = box("mvex", box("trex", zeros(4), u32(1), u32(1), zeros(12)));
  return concat(box("ftyp", ascii("iso5"), zeros(4), ascii("iso5avc1")), box("moov", movie, track, extends_));
}

function fragment(number: number, ms: number, isKey: boolean, bytes: number): Bytes {
  const build = (offset: number) =>
    box(
      "moof",
      box("mfhd", zeros(4), u32(number)),
      box(
        "traf",
        box("tfhd", u32(BASE_IS_MOOF), u32(1)),
        box("tfdt", u32(0x0100_0000), u32(Math.floor(ms / 2 ** 32)), u32(ms % 2 ** 32)),
        box(
          "trun",
          u32(HAS_OFFSET_DURATION_SIZE_FLAGS),
          u32(1),
          u32(offset),
          u32(SHOWN_MS),
          u32(bytes),
          u32(isKey ? CAN_BEGIN : DEPENDS),
        ),
      ),
    );
  // the sample stands behind the head of the box that follows
  return build(build(0).length + 8);
}

function box(name: string, ...content: Uint8Array[]): Bytes {
  const joined = concat(...content);
  return concat(u32(joined.length + 8), ascii(name), joined);
}

function u16(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function u32(value: number): Bytes {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function zeros(count: number): Bytes {
  return new Uint8Array(count);
}

function ascii(text: string): Bytes {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** ITU-T H.264 table 7-1. */
const SEQUENCE_SET = 7;
const PICTURE_SET = 8;

/** Ticks a second. */
const MILLIS = 1000;
/** ISO 639-2 "und", in five bits a letter. */
const UNDETERMINED = 0x55c4;
const TRACK_IS_ENABLED = 3;
/** Neither turned nor scaled: ones in 16.16, 16.16 and 2.30. */
const MATRIX = concat(...[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].map(u32));
const BASE_IS_MOOF = 0x02_0000;
const HAS_OFFSET_DURATION_SIZE_FLAGS = 0x0701;
/** ISO/IEC 14496-12 §8.8.3.1: it depends on no other; or it does, and is no place to begin. */
const CAN_BEGIN = 0x0200_0000;
const DEPENDS = 0x0101_0000;
/**
 * What is said of how long a frame is shown. It is shown until the next one; if that takes longer, there is none to be
 * waited for.
 */
const SHOWN_MS = 100;
