// A recording is played only if its files are those that its journal tells of.

import { describe, expect, it } from "vitest";
import { utf8 } from "../keys/encoding.ts";
import { concat, type Bytes } from "../sealing/bytes.ts";
import { ReviewFault } from "./fault.ts";
import { crc32c, readJournal } from "./journal.ts";
import { record, writeJournal } from "./journal.testkit.ts";

const FILES = [
  { number: 0, length: 70_000, clusters: [{ ms: 0, offset: 500 }] },
  {
    number: 1,
    length: 5000,
    clusters: [
      { ms: 8000, offset: 500 },
      { ms: 12_000, offset: 2500 },
    ],
  },
];

function faultOf(journal: Bytes): ReviewFault {
  try {
    readJournal(journal);
  } catch (error) {
    if (error instanceof ReviewFault) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("a journal", () => {
  it("has the sum that others compute", () => {
    // RFC 3720 §B.4
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8_ab43);
  });

  it("tells of each file how long it is, and where it can be begun", () => {
    expect(readJournal(writeJournal(FILES))).toEqual(FILES);
  });

  it("leaves out a cluster of which nothing is durable", () => {
    const [file] = FILES;
    const torn = { ...file!, clusters: [...file!.clusters, { ms: 9000, offset: 70_000 }] };
    expect(readJournal(writeJournal([torn]))).toEqual([file]);
  });

  it("that was changed anywhere, or cut off, is damaged", () => {
    const whole = writeJournal(FILES);
    for (let at = 0; at < whole.length; at += 1) {
      const changed = whole.slice();
      changed[at]! ^= 1;
      expect(faultOf(changed), `byte ${at}`).toMatchObject({
        code: "damaged",
        place: { file: "journal.log" },
      });
      expect(faultOf(whole.slice(0, at)).code).toBe("damaged");
    }
  });

  it("whose spans do not follow each other, or are none, is damaged", () => {
    const whole = writeJournal(FILES);
    const twice = concat(whole.slice(0, whole.length - record(4, utf8('"stopped"')).length), whole);
    expect(faultOf(twice).message).toContain("does not follow");
    expect(faultOf(record(2, new Uint8Array(3))).message).toContain("too short");
  });
});
