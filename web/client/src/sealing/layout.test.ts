import { describe, expect, test } from "vitest";

import { envelop, splitUnit, unenvelop } from "./av1.ts";
import { escape, sliceOffset, unescape } from "./h264.ts";
import { codecOf, LAYOUTS } from "./layout.ts";
import { BUCKETS, pad, unpad } from "./padding.ts";

describe("clear prefixes", () => {
  test("VP8 by bit 0 of byte 0, whatever the other bits say", () => {
    for (let first = 0; first < 256; first += 1) {
      const frame = new Uint8Array(40);
      frame[0] = first;
      expect(LAYOUTS.vp8.split(frame)?.prefix.length).toBe(first % 2 === 0 ? 10 : 3);
    }
  });

  test("VP9 none, Opus the table of contents", () => {
    expect(LAYOUTS.vp9.split(new Uint8Array(5))?.prefix.length).toBe(0);
    expect(LAYOUTS.opus.split(new Uint8Array(5))?.prefix.length).toBe(1);
  });

  test("a frame shorter than its prefix is none", () => {
    expect(LAYOUTS.vp8.split(new Uint8Array(9))).toBeUndefined();
    expect(LAYOUTS.vp8.split(Uint8Array.of(1, 0))).toBeUndefined();
    expect(LAYOUTS.opus.split(new Uint8Array(0))).toBeUndefined();
  });

  test("H264 up to the second byte of the first slice, past parameter sets and delimiters", () => {
    const parameterSets = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4];
    const slice = [0, 0, 0, 1, 0x65, 0x88, 9, 9];
    expect(sliceOffset(Uint8Array.from([...parameterSets, ...slice]))).toBe(parameterSets.length + 6);
    expect(sliceOffset(Uint8Array.of(0, 0, 1, 0x41, 0x9a, 7))).toBe(5);
    expect(sliceOffset(Uint8Array.from(parameterSets))).toBeUndefined();
    expect(sliceOffset(Uint8Array.of(0x65, 0x88, 9, 9))).toBeUndefined();
  });

  test("a codec is known by its MIME type, and by nothing else", () => {
    expect(["audio/opus", "video/VP8", "video/VP9", "video/H264", "video/AV1"].map(codecOf)).toEqual([
      "opus",
      "vp8",
      "vp9",
      "h264",
      "av1",
    ]);
    expect(["audio/red", "video/constructor", "opus", "", undefined].map(codecOf)).toEqual(
      Array(5).fill(undefined),
    );
  });
});

describe("emulation prevention", () => {
  test("what is escaped holds no start code, and comes back", () => {
    const random = seeded(1);
    for (let round = 0; round < 2000; round += 1) {
      // few different values, so that nearly every round has runs of zeros
      const data = Uint8Array.from({ length: random(60) }, () => random(5));
      const escaped = escape(data);
      expect(hasStartCode(escaped), `${data}`).toBe(false);
      expect([...escaped.subarray(-2)], "zeros at the end would join the next start code").not.toEqual([
        0, 0,
      ]);
      expect([...unescape(escaped)]).toEqual([...data]);
    }
  });

  test.each([
    [[], []],
    [[0], [0]],
    [
      [0, 0],
      [0, 0, 3],
    ],
    [
      [0, 0, 0],
      [0, 0, 3, 0],
    ],
    [
      [0, 0, 1],
      [0, 0, 3, 1],
    ],
    [
      [0, 0, 3],
      [0, 0, 3, 3],
    ],
    [
      [0, 0, 4],
      [0, 0, 4],
    ],
    [
      [0, 0, 0, 0, 1],
      [0, 0, 3, 0, 0, 3, 1],
    ],
  ])("%j as %j", (data, escaped) => {
    expect([...escape(Uint8Array.from(data))]).toEqual(escaped);
  });
});

describe("the envelope of AV1", () => {
  const DELIMITER = [0x12, 0];
  const SEQUENCE = [0x0a, 3, 1, 2, 3];
  const FRAME = [0x32, 4, 9, 8, 7, 6];
  const GROUP = [0x22, 1, 5];

  test.each([
    ["a key frame", [...DELIMITER, ...SEQUENCE, ...FRAME], SEQUENCE, FRAME],
    ["a frame", [...DELIMITER, ...FRAME], [], FRAME],
    ["one whose delimiter is gone", FRAME, [], FRAME],
    ["a header and groups of tiles", [...SEQUENCE, ...FRAME, ...GROUP], SEQUENCE, [...FRAME, ...GROUP]],
    ["a second sequence header", [...SEQUENCE, ...SEQUENCE, ...FRAME], SEQUENCE, [...SEQUENCE, ...FRAME]],
    ["a last unit without its size", [...SEQUENCE, 0x30, 9, 8], SEQUENCE, [0x30, 9, 8]],
    ["a size in more bytes than it takes", [0x0a, 0x83, 0, 1, 2, 3, ...FRAME], SEQUENCE, FRAME],
    ["layers", [0x0e, 0x08, 1, 1, 0x36, 0x08, 1, 2], [0x0e, 0x08, 1, 1], [0x36, 0x08, 1, 2]],
  ])("%s is split", (_, frame, prefix, rest) => {
    const parts = splitUnit(Uint8Array.from(frame));
    expect([[...parts!.prefix], [...parts!.rest]]).toEqual([prefix, rest]);
    // as the far end gets it, it is split alike
    const again = splitUnit(Uint8Array.from([...prefix, ...rest]));
    expect([[...again!.prefix], [...again!.rest]]).toEqual([prefix, rest]);
  });

  test.each([
    ["nothing", []],
    ["nothing behind the sequence header", SEQUENCE],
    ["a size beyond the end", [0x32, 5, 1]],
    ["a size that does not end", [0x32, 0xff, 0xff, 0xff, 0xff, 1]],
    ["the forbidden bit", [0xb2, 1, 1]],
  ])("%s is no frame", (_, frame) => {
    expect(splitUnit(Uint8Array.from(frame))).toBeUndefined();
  });

  test("what is put in comes out, at any length, and with anything around it does not", () => {
    for (const length of [0, 1, 127, 128, 16_383, 16_384, 70_000]) {
      const sealed = new Uint8Array(length).fill(7);
      const unit = envelop(sealed);
      expect([...unenvelop(unit)!]).toEqual([...sealed]);
      expect(unenvelop(Uint8Array.from([...unit, 0]))).toBeUndefined();
      expect(unenvelop(unit.slice(0, -1))).toBeUndefined();
    }
    expect(unenvelop(Uint8Array.of(0x0a, 1, 7)), "another type").toBeUndefined();
  });
});

describe("trailers", () => {
  test("come back, behind pictures with their size", () => {
    const trailer = { captureMicros: 1_795_816_800_123_456, width: 1280, height: 720 };
    for (const codec of ["vp8", "vp9", "h264", "av1"] as const) {
      const plaintext = LAYOUTS[codec].plaintext(Uint8Array.of(1, 2, 3), trailer)!;
      const { rest, trailer: read } = LAYOUTS[codec].rest(plaintext)!;
      expect([[...rest], read]).toEqual([[1, 2, 3], trailer]);
      expect(LAYOUTS[codec].rest(new Uint8Array(11))).toBeUndefined();
    }
  });
});

describe("padding", () => {
  const SOUND = { captureMicros: 1_795_816_800_123_456, width: 0, height: 0 };

  test("every length up to the last bucket comes back, and only the bucket can be seen", () => {
    const random = seeded(2);
    for (let length = 0; length <= 1526; length += 1) {
      const payload = Uint8Array.from({ length }, () => random(256));
      const padded = pad(payload, SOUND)!;
      expect(padded.length).toBe(BUCKETS.find((bucket) => bucket >= length + 2 + 8));
      expect(unpad(padded)!.rest.join()).toBe(payload.join());
      expect(unpad(padded)!.trailer).toEqual(SOUND);
    }
    expect(pad(new Uint8Array(1527), SOUND)).toBeUndefined();
  });

  test("what is not padded so is refused", () => {
    const padded = pad(Uint8Array.of(1, 2, 3), SOUND)!;
    expect(unpad(padded.slice(0, 95))).toBeUndefined();
    expect(unpad(Uint8Array.from(padded.with(5, 1))), "a byte behind the payload").toBeUndefined();
    expect(unpad(Uint8Array.from(padded.with(87, 1))), "the last of them").toBeUndefined();
    expect(unpad(Uint8Array.from(padded.with(1, 87))), "a length beyond the bucket").toBeUndefined();
    expect(unpad(new Uint8Array(0))).toBeUndefined();
  });
});

/** Two zeros and a byte that emulation prevention keeps from following them. */
function hasStartCode(data: Uint8Array): boolean {
  return data.some((byte, index) => byte < 3 && index >= 2 && data[index - 1] === 0 && data[index - 2] === 0);
}

/** Whole numbers below a bound, the same in every run: mulberry32. */
function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
