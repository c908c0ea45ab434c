// What is played is WebM that our own reader reads back: clusters at key frames, times that only grow, no holes in sound.

import { describe, expect, it } from "vitest";
import { concat, type Bytes } from "../sealing/bytes.ts";
import { MatroskaReader, type Block } from "./matroska.ts";
import { fakeFrames } from "./recording.testkit.ts";
import { opusMs, PictureWriter, SoundWriter } from "./webm.ts";

function read(bytes: Bytes) {
  const reader = new MatroskaReader({ file: "played", mayBeCut: true });
  reader.push(bytes);
  reader.end();
  const parts = [];
  for (let part = reader.next(); part; part = reader.next()) parts.push(part);
  return parts;
}

function blocks(bytes: Bytes): Block[] {
  return read(bytes).filter((part) => part.kind === "block");
}

const size = { width: 640, height: 360 };
const packet = Uint8Array.of(0xfc, 1, 2, 3);

describe("a picture", () => {
  it("begins with a key frame, and so does each of its clusters", () => {
    const frames = fakeFrames(8).filter(({ track, ms }) => track === 2 && ms >= 500);
    const writer = new PictureWriter("vp8");
    const written = frames.map(({ ms, isKey, frame }) => writer.write(ms, isKey, frame, size));
    const parts = read(concat(...written.filter((bytes) => bytes !== undefined)));
    expect(parts[0]).toMatchObject({ kind: "header", tracks: [{ number: 1, codecId: "V_VP8" }] });
    for (const [at, part] of parts.entries())
      if (part.kind === "cluster")
        expect(parts[at + 1]).toMatchObject({ kind: "block", isKey: true, ms: part.ms });
    const expected = frames
      .filter(({ ms }) => ms >= 2000)
      .map(({ ms, isKey, frame }) => ({ ms, isKey, bytes: frame }));
    const got = parts.filter((part) => part.kind === "block");
    expect(got.map(({ ms, isKey, bytes }) => ({ ms, isKey, bytes: concat(bytes) }))).toEqual(expected);
  });

  it("has times that grow, and that a cluster can hold", () => {
    const writer = new PictureWriter("av1");
    const times = [0, 40, 40, 30, 80, 40_000, 90_000];
    const written = times.map((ms) => writer.write(ms, ms === 0, packet, size)!);
    expect(blocks(concat(...written)).map(({ ms }) => ms)).toEqual([0, 40, 41, 42, 80, 40_000, 90_000]);
  });
});

describe("a sound", () => {
  const times = (bytes: Bytes) => blocks(bytes).map(({ ms }) => ms);
  const isSilent = ({ bytes }: Block) => bytes.length === 3;

  it("without loss is as it was", () => {
    const writer = new SoundWriter(100);
    const written = concat(...[100, 121, 139, 160].map((ms) => writer.write(ms, packet)));
    expect(times(written)).toEqual([100, 120, 140, 160]);
    expect(blocks(written).some(isSilent)).toBe(false);
  });

  it("is silent where nothing came, from the beginning to the end", () => {
    const writer = new SoundWriter(0);
    const written = concat(writer.write(60, packet), writer.write(140, packet), writer.fill(215));
    expect(times(written)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180]);
    expect(blocks(written).map(isSilent).indexOf(false)).toBe(3);
    expect(blocks(written).filter(isSilent).length).toBe(8);
  });

  it("is not filled where nothing of anybody was recorded", () => {
    const writer = new SoundWriter(0);
    const first = writer.write(0, packet);
    writer.skip(60_000);
    expect(times(concat(first, writer.write(60_000, packet)))).toEqual([0, 60_000]);
  });

  it("lasts as long as its packets say", () => {
    for (const [contents, count, ms] of [
      [0xfc, 0, 20],
      [0x08, 0, 20],
      [0x18, 0, 60],
      [0x60, 0, 10],
      [0x80, 0, 2.5],
      [0xfd, 0, 40],
      [0xff, 3, 60],
    ] as const)
      expect(opusMs(Uint8Array.of(contents, count))).toBe(ms);
  });
});
