// What the recorder writes is read whole from pieces of any length; anything else is a fault with its place.

import { beforeAll, describe, expect, it } from "vitest";
import { concat, type Bytes } from "../sealing/bytes.ts";
import { element, readHead, unsigned } from "./ebml.ts";
import { ReviewFault } from "./fault.ts";
import {
  findCues,
  hasTracks,
  MatroskaReader,
  segmentOffset,
  type Part,
  type ReaderOptions,
} from "./matroska.ts";
import { makeRecording, type Made } from "./recording.testkit.ts";

let made: Made;

beforeAll(async () => {
  made = await makeRecording({ seconds: 6 });
});

function read(bytes: Uint8Array, options: Partial<ReaderOptions> = {}, piece = bytes.length): Part[] {
  const reader = new MatroskaReader({ file: "capture-000.mkv", ...options });
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    expect(reader.wanted).toBe((options.at ?? 0) + at);
    reader.push(bytes.subarray(at, at + piece));
    for (let part = reader.next(); part; part = reader.next()) parts.push(part);
  }
  reader.end();
  for (let part = reader.next(); part; part = reader.next()) parts.push(part);
  return parts;
}

function faultOf(bytes: Uint8Array): ReviewFault {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof ReviewFault) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("a file of a recording", () => {
  it("is read whole, in pieces of any length", () => {
    const parts = read(made.capture);
    expect(parts.filter(({ kind }) => kind === "block").length).toBe(made.clear.length);
    expect(
      parts.flatMap((part) => (part.kind === "cluster" ? [{ ms: part.ms, offset: part.offset }] : [])),
    ).toEqual(made.clusters);
    for (const piece of [7, 1000, 65_536]) expect(read(made.capture, {}, piece)).toEqual(parts);
  });

  it("tells its tracks, and which recording it is of", () => {
    const [header] = read(made.capture);
    if (header?.kind !== "header") throw new Error("no header");
    expect(hasTracks(header.tracks, ["opus", "vp8", "opus", "vp8", "h264"])).toBe(true);
    expect(hasTracks(header.tracks, ["opus", "vp9", "opus", "vp8", "h264"])).toBe(false);
    expect(hasTracks(header.tracks, ["opus", "vp8", "opus", "vp8"])).toBe(false);
    expect(header.uuid?.length).toBe(16);
  });

  it("is read from any cluster on, by its index", () => {
    const segment = segmentOffset(made.capture)!;
    expect(segment).toBe(made.segment);
    const from = made.cuesAt - 1000;
    const cues = findCues(made.capture.slice(from), from, segment)!;
    expect(cues).toEqual(made.clusters);
    const [first] = read(made.capture.subarray(cues[3]!.offset), { at: cues[3]!.offset });
    expect(first).toEqual({ kind: "cluster", ...cues[3]! });
    expect(findCues(made.capture.slice(0, made.cuesAt), 0, segment)).toBeUndefined();
  });

  it("that is cut off is a fault there, unless it may be", () => {
    for (const end of [10, 300, made.clusters[2]!.offset, made.clusters[2]!.offset + 777, made.cuesAt + 20]) {
      const cut = made.capture.subarray(0, end);
      const fault = faultOf(cut);
      expect([fault.code, fault.place.file]).toEqual(["damaged", "capture-000.mkv"]);
      expect(fault.place.offset).toBeLessThanOrEqual(end);
      expect(read(cut, { mayBeCut: true }).length).toBeLessThanOrEqual(read(made.capture).length);
    }
  });

  it("with an element that does not belong there is refused with its place", () => {
    const insert = (at: number, what: Bytes) =>
      concat(made.capture.subarray(0, at), what, made.capture.subarray(at));
    const at = made.clusters[2]!.offset;
    for (const [id, where] of [
      [0xec, at], // RFC 8794 §11.3.2: Void
      [0xa0, at], // BlockGroup
      [0xae, at],
    ] as const) {
      const { code, place } = faultOf(insert(where, element(id, new Uint8Array(3))));
      expect([code, place.offset]).toEqual(["damaged", where]);
    }
    expect(faultOf(insert(made.capture.length, Uint8Array.of(0xec, 0x80))).code).toBe("damaged");
    expect(faultOf(insert(at + 5, unsigned(0xe7, 3))).code).toBe("damaged");
  });

  it("that is noise, or claims to be long, is refused", () => {
    for (let round = 0; round < 100; round += 1)
      expect(faultOf(crypto.getRandomValues(new Uint8Array(300))).code).toBe("damaged");
    const long = concat(
      made.capture.subarray(0, made.clusters[1]!.offset),
      Uint8Array.of(0xa3, 0x08, 0xff, 0xff, 0xff, 0xff),
    );
    expect(faultOf(long).code).toBe("damaged");
  });
});

describe("elements", () => {
  it("have sizes as the standard has them", () => {
    const sizes = [0, 126, 127, 16_382, 16_383].map((length) => element(0xa3, new Uint8Array(length)));
    expect(sizes.map((bytes) => bytes.length)).toEqual([2, 128, 130, 16_385, 16_387]);
    for (const bytes of sizes) {
      const head = readHead(bytes, 0);
      expect(head).toMatchObject({ id: 0xa3, size: bytes.length - (head as { length: number }).length });
    }
  });
});
