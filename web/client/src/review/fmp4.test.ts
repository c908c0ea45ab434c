// What is played of H.264 is MP4 that says of each frame where it is, when, and whether a decoder can begin with it.

import { describe, expect, it } from "vitest";
import { concat, type Bytes } from "../sealing/bytes.ts";
import { FragmentWriter, unitsOf } from "./fmp4.ts";
import { mimeTypeOf, pictureWriterOf } from "./streams.ts";

const CODE = Uint8Array.of(0, 0, 0, 1);
const SEQUENCE = Uint8Array.of(0x67, 0x42, 0xe0, 0x1f, 9);
const PICTURE = Uint8Array.of(0x68, 0xce, 7);
const size = { width: 640, height: 360 };

function slice(kind: number, length: number): Bytes {
  return concat(Uint8Array.of(kind, 0x88), new Uint8Array(length).fill(7));
}

const key = concat(CODE, SEQUENCE, CODE, PICTURE, CODE, slice(0x65, 300));
const delta = concat(CODE, slice(0x41, 40));

interface Box {
  name: string;
  at: number;
  content: Bytes;
}

function boxes(bytes: Bytes): Box[] {
  const found: Box[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    found.push({ name, at, content: bytes.subarray(at + 8, at + length) });
    at += length;
  }
  return found;
}

function within(bytes: Bytes, ...path: string[]): Bytes {
  return path.reduce((content, name) => boxes(content).find((box) => box.name === name)!.content, bytes);
}

describe("H.264", () => {
  it("is not in WebM, as all others are", () => {
    expect(mimeTypeOf("h264")).toContain("video/mp4");
    expect(pictureWriterOf("h264")).toBeInstanceOf(FragmentWriter);
    for (const codec of ["vp8", "vp9", "av1"] as const) {
      expect(mimeTypeOf(codec)).toContain("video/webm");
      expect(pictureWriterOf(codec)).not.toBeInstanceOf(FragmentWriter);
    }
  });

  it("is taken apart at its start codes, of three bytes and of four", () => {
    const frame = concat(CODE, SEQUENCE, Uint8Array.of(0, 0, 1), PICTURE, CODE, slice(0x65, 2));
    expect(unitsOf(frame).map((unit) => [...unit])).toEqual([
      [...SEQUENCE],
      [...PICTURE],
      [...slice(0x65, 2)],
    ]);
    expect(unitsOf(new Uint8Array(20))).toEqual([]);
  });

  it("begins with a key frame that says how it is coded", () => {
    const writer = new FragmentWriter();
    expect(writer.write(0, false, delta, size)).toBeUndefined();
    expect(writer.write(33, true, concat(CODE, slice(0x65, 10)), size)).toBeUndefined();
    const written = writer.write(66, true, key, size)!;
    expect(boxes(written).map(({ name }) => name)).toEqual(["ftyp", "moov", "moof", "mdat"]);
    const description = within(written, "moov", "trak", "mdia", "minf", "stbl", "stsd").subarray(8);
    const entry = boxes(description)[0]!;
    expect(entry.name).toBe("avc1");
    const view = new DataView(entry.content.buffer, entry.content.byteOffset);
    expect([view.getUint16(24), view.getUint16(26)]).toEqual([640, 360]);
    const configuration = boxes(entry.content.subarray(78))[0]!;
    expect(configuration.name).toBe("avcC");
    expect([...configuration.content]).toEqual([
      ...[1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, SEQUENCE.length],
      ...SEQUENCE,
      ...[1, 0, PICTURE.length],
      ...PICTURE,
    ]);
  });

  it("has each frame where, when and what its fragment says", () => {
    const writer = new FragmentWriter();
    const frames = [
      { ms: 5_000_000_000, isKey: true, frame: key },
      { ms: 5_000_000_033, isKey: false, frame: delta },
      { ms: 5_000_000_030, isKey: false, frame: delta },
    ];
    const times: number[] = [];
    for (const [at, { ms, isKey, frame }] of frames.entries()) {
      const written = writer.write(ms, isKey, frame, size)!;
      const [moof, mdat] = boxes(written).slice(-2) as [Box, Box];
      const track = within(moof.content, "traf", "tfdt");
      const begin = new DataView(track.buffer, track.byteOffset).getBigUint64(4);
      times.push(Number(begin));
      const run = within(moof.content, "traf", "trun");
      const [count, offset, , bytes, flags] = [4, 8, 12, 16, 20].map((place) =>
        new DataView(run.buffer, run.byteOffset).getUint32(place),
      );
      expect(count).toBe(1);
      expect(moof.at + offset!).toBe(mdat.at + 8);
      expect(bytes).toBe(mdat.content.length);
      expect(flags! >>> 16 === 0x0200).toBe(isKey);
      const number = within(moof.content, "mfhd");
      expect(number.at(-1)).toBe(at + 1);
      // behind lengths of four bytes, as long as the start codes were
      expect(mdat.content.length).toBe(frame.length);
      expect([...mdat.content.subarray(-30)]).toEqual([...frame.subarray(-30)]);
    }
    expect(times).toEqual([5_000_000_000, 5_000_000_033, 5_000_000_034]);
  });
});
