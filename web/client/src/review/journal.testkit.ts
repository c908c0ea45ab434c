// Writes a journal as the recorder does (recorder/src/journal.rs).
//
// Owns: the same records. For tests and the lab alone.

import { utf8 } from "../keys/encoding.ts";
import { concat, type Bytes } from "../sealing/bytes.ts";
import { crc32c, type JournalFile } from "./journal.ts";

export function writeJournal(files: JournalFile[]): Bytes {
  const records = files.flatMap(({ number, length, clusters }) => [
    record(1, numbers([number], 2)),
    ...clusters.map(({ ms, offset }) => record(5, numbers([ms, offset], 8))),
    // the last time, and a link of the chain that nobody looks at here
    record(2, concat(numbers([0, length, 0], 8), new Uint8Array(32))),
  ]);
  return concat(...records, record(4, utf8('"stopped"')));
}

export function record(type: number, content: Bytes): Bytes {
  const body = concat(Uint8Array.of(type), content);
  return concat(numbers([body.length], 4), body, numbers([crc32c(body)], 4));
}

function numbers(values: number[], width: number): Bytes {
  const view = new DataView(new ArrayBuffer(values.length * width));
  for (const [at, value] of values.entries()) {
    view.setUint16(at * width + width - 2, value % 2 ** 16);
    if (width > 2) view.setUint16(at * width + width - 4, Math.floor(value / 2 ** 16) % 2 ** 16);
  }
  return new Uint8Array(view.buffer);
}
