// What a recording's journal says of its files: how long each is, and where its clusters begin.
//
// Owns: the form of its records (recorder/src/journal.rs), and whether what is there is what they say. Never does: know
// what stands in a cluster; its keys do.

import type { Bytes } from "../sealing/bytes.ts";
import { ReviewFault } from "./fault.ts";
import type { Cue } from "./matroska.ts";

export interface JournalFile {
  number: number;
  /** In bytes. */
  length: number;
  /** Ascending. */
  clusters: Cue[];
}

/** Of a recording that has ended. Throws `ReviewFault`. */
export function readJournal(bytes: Bytes): JournalFile[] {
  const files: JournalFile[] = [];
  let number = 0;
  let hasEnded = false;
  const fileOf = () => {
    let file = files.find((one) => one.number === number);
    if (!file) files.push((file = { number, length: 0, clusters: [] }));
    return file;
  };
  for (let at = 0; at < bytes.length;) {
    const body = bodyAt(bytes, at);
    if (!body) throw damaged("a record that was changed, or cut off", at);
    const content = new DataView(body.buffer, body.byteOffset + 1, body.length - 1);
    try {
      if (body[0] === FILE) number = content.getUint16(0);
      else if (body[0] === CLUSTER)
        fileOf().clusters.push({
          ms: Number(content.getBigUint64(0)),
          offset: Number(content.getBigUint64(8)),
        });
      else if (body[0] === DURABLE) {
        const file = fileOf();
        if (Number(content.getBigUint64(0)) !== file.length) throw damaged("a span that does not follow", at);
        file.length = Number(content.getBigUint64(8));
      } else if (body[0] === END) hasEnded = true;
    } catch (error) {
      throw error instanceof RangeError ? damaged("a record that is too short", at) : error;
    }
    at += body.length + FRAME_BYTES;
  }
  if (!hasEnded) throw damaged("it has no end", bytes.length);
  // of a commit that a crash tore the journal may have the cluster, and not the span
  return files.map((file) => ({
    ...file,
    clusters: file.clusters.filter(({ offset }) => offset < file.length),
  }));
}

function bodyAt(bytes: Bytes, at: number): Bytes | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (at + FRAME_BYTES >= bytes.length) return undefined;
  const length = view.getUint32(at);
  const end = at + 4 + length;
  if (length === 0 || length > LONGEST || end + 4 > bytes.length) return undefined;
  const body = bytes.subarray(at + 4, end);
  return crc32c(body) === view.getUint32(end) ? body : undefined;
}

/** RFC 3720 §12.1: the polynomial of Castagnoli, least bit first. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return ~crc >>> 0;
}

function damaged(detail: string, offset: number): ReviewFault {
  return new ReviewFault("damaged", detail, { file: JOURNAL, offset });
}

export const JOURNAL = "journal.log";

const FILE = 1;
const DURABLE = 2;
const END = 4;
const CLUSTER = 5;

/** Length and CRC. */
const FRAME_BYTES = 8;
const LONGEST = 4096;
