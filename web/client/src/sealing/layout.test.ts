import { describe, expect, test } from "vitest";

import { escape, sliceOffset, unescape } from "./h264.ts";
import { codecOf, LAYOUTS } from "./layout.ts";
import { BUCKETS, pad, unpad } from "./padding.ts";

describe("clear prefixes", () => {
  test("VP8 by bit 0 of byte 0, whatever the other bits say", () => {
    for (let first = 0; first < 256; first += 1) {
      const frame = new Uint8Array(40);
      frame[0] = first;
      expect(LAYOUTS.vp8.prefixLength(frame)).toBe(first % 2 === 0 ? 10 : 3);
    }
  });

  test("VP9 none, Opus the table of contents", () => {
    expect(LAYOUTS.vp9.prefixLength(new Uint8Array(5))).toBe(0);
    expect(LAYOUTS.opus.prefixLength(new Uint8Array(5))).toBe(1);
  });

  test("a frame shorter than its prefix is none", () => {
    expect(LAYOUTS.vp8.prefixLength(new Uint8Array(9))).toBeUndefined();
    expect(LAYOUTS.vp8.prefixLength(Uint8Array.of(1, 0))).toBeUndefined();
    expect(LAYOUTS.opus.prefixLength(new Uint8Array(0))).toBeUndefined();
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
    expect(["audio/opus", "video/VP8", "video/VP9", "video/H264"].map(codecOf)).toEqual([
      "opus",
      "vp8",
      "vp9",
      "h264",
    ]);
    expect(["video/AV1", "audio/red", "video/constructor", "opus", "", undefined].map(codecOf)).toEqual(
      Array(6).fill(undefined),
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

describe("padding", () => {
  test("every length up to the last bucket comes back, and only the bucket can be seen", () => {
    const random = seeded(2);
    for (let length = 0; length <= 1534; length += 1) {
      const payload = Uint8Array.from({ length }, () => random(256));
      const padded = pad(payload)!;
      expect(padded.length).toBe(BUCKETS.find((bucket) => bucket >= length + 2));
      expect(unpad(padded)!.join()).toBe(payload.join());
    }
    expect(pad(new Uint8Array(1535))).toBeUndefined();
  });

  test("what is not padded so is refused", () => {
    const padded = pad(Uint8Array.of(1, 2, 3))!;
    expect(unpad(padded.slice(0, 95))).toBeUndefined();
    expect(unpad(Uint8Array.from(padded.with(95, 1))), "a byte behind the payload").toBeUndefined();
    expect(unpad(Uint8Array.from(padded.with(1, 95))), "a length beyond the bucket").toBeUndefined();
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
