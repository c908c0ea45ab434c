// Reads a file of a recording, as the recorder writes it, from pieces that come one after the other.
//
// Owns: what may stand where, and the times of blocks. Never does: fetch, open a frame, or believe a size.
//
// Strict: what the recorder does not write is a fault with its place. A file that is cut off is one, too, unless it may
// be: of those of a recording only the last one has an index, the others ended because their disk failed.

import { concat, type Bytes } from "../sealing/bytes.ts";
import { readAll, readHead, readUnsigned, type Head } from "./ebml.ts";
import { CODEC_IDS, ID, KEY_FRAME, NANOS_A_MILLI } from "./elements.ts";
import { ReviewFault } from "./fault.ts";

export interface FileTrack {
  number: number;
  codecId: string;
}

export interface Block {
  kind: "block";
  /** Of the block and its cluster, in bytes from the beginning of the file. */
  offset: number;
  cluster: number;
  track: number;
  ms: number;
  isKey: boolean;
  bytes: Bytes;
}

export type Part =
  | { kind: "header"; uuid: Bytes | undefined; tracks: FileTrack[] }
  | { kind: "cluster"; offset: number; ms: number }
  | Block;

export interface Cue {
  ms: number;
  /** In bytes from the beginning of the file. */
  offset: number;
}

export interface ReaderOptions {
  file: string;
  /** Where a cluster begins; 0 is the beginning of the file. */
  at?: number;
  /** A cut-off tail is its end. */
  mayBeCut?: boolean;
}

export class MatroskaReader {
  readonly #file: string;
  readonly #mayBeCut: boolean;
  #buffer: Bytes = new Uint8Array(0);
  /** Of the first byte of the buffer. */
  #offset: number;
  #level: "file" | "segment" | "cluster" | "end";
  #uuid: Bytes | undefined;
  #tracks: FileTrack[] | undefined;
  #isHeaderTold: boolean;
  #cluster = { offset: 0, ms: -1 };
  #hasEnded = false;

  constructor({ file, at = 0, mayBeCut = false }: ReaderOptions) {
    this.#file = file;
    this.#mayBeCut = mayBeCut;
    this.#offset = at;
    this.#level = at === 0 ? "file" : "segment";
    this.#isHeaderTold = at > 0;
  }

  /** Where what is pushed next has to begin. */
  get wanted(): number {
    return this.#offset + this.#buffer.length;
  }

  push(bytes: Uint8Array): void {
    this.#buffer = concat(this.#buffer, bytes);
  }

  /** Nothing follows what was pushed. */
  end(): void {
    this.#hasEnded = true;
  }

  /** What stands next; nothing if more has to be pushed, or the end is reached. Throws `ReviewFault`. */
  next(): Part | undefined {
    for (;;) {
      const head = readHead(this.#buffer, 0);
      if (head === "malformed") throw this.#damaged("no element");
      if (head === "short") return this.#handleShort();
      const step = this.#enter(head) ?? this.#take(head);
      if (step === "short") return this.#handleShort();
      if (step !== "silent") return step;
    }
  }

  /** Elements whose content is read as elements of their own. */
  #enter(head: Head): Part | "silent" | undefined {
    const { id, size } = head;
    if (this.#level === "file" && id === ID.segment) {
      if (size !== undefined) throw this.#damaged("a segment of a known size");
      this.#level = "segment";
      this.#skip(head.length);
      return "silent";
    }
    if (id !== ID.cluster || this.#level === "file" || this.#level === "end") return undefined;
    if (size !== undefined) throw this.#damaged("a cluster of a known size");
    if (!this.#isHeaderTold) return this.#tellHeader();
    this.#level = "cluster";
    this.#cluster = { offset: this.#offset, ms: -1 };
    this.#skip(head.length);
    return "silent";
  }

  /** Elements that are taken as a whole. */
  #take(head: Head): Part | "short" | "silent" {
    const { id, size, length } = head;
    const most = MOST_BYTES[this.#level][id];
    if (most === undefined) throw this.#damaged(`an element ${id.toString(16)}`);
    if (size === undefined || size > most) throw this.#damaged("an element that is too long");
    if (length + size > this.#buffer.length) return "short";
    const content = this.#buffer.slice(length, length + size);
    const part = this.#read(id, content);
    this.#skip(length + size);
    return part;
  }

  #read(id: number, content: Bytes): Part | "silent" {
    if (id === ID.clusterTimestamp) return this.#readTimestamp(content);
    if (id === ID.simpleBlock) return this.#readBlock(content);
    if (id === ID.info) this.#readInfo(content);
    if (id === ID.tracks) this.#tracks = this.#readTracks(content);
    if (id === ID.cues) {
      if (!readCues(content, 0)) throw this.#damaged("an index that can't be read");
      this.#level = "end";
      // of a recording of nothing
      if (!this.#isHeaderTold) return this.#tellHeader();
    }
    return "silent";
  }

  #readTimestamp(content: Bytes): Part {
    const ms = readUnsigned(content);
    if (ms === undefined || this.#cluster.ms >= 0) throw this.#damaged("a time of a cluster");
    this.#cluster.ms = ms;
    return { kind: "cluster", ...this.#cluster };
  }

  #readBlock(content: Bytes): Block {
    const [track = 0, , , flags = 0] = content;
    // RFC 9559 §10.1: the track number is coded like a size, here in one byte
    if (content.length <= BLOCK_HEAD || track <= 0x80 || this.#cluster.ms < 0 || flags & ~KEY_FRAME)
      throw this.#damaged("a block");
    const relative = new DataView(content.buffer, content.byteOffset).getInt16(1);
    return {
      kind: "block",
      offset: this.#offset,
      cluster: this.#cluster.offset,
      track: track & 0x7f,
      ms: Math.max(0, this.#cluster.ms + relative),
      isKey: (flags & KEY_FRAME) !== 0,
      bytes: content.subarray(BLOCK_HEAD),
    };
  }

  #readInfo(content: Bytes): void {
    const elements = readAll(content) ?? [];
    const scale = elements.find(({ id }) => id === ID.timestampScale);
    if (!scale || readUnsigned(scale.content) !== NANOS_A_MILLI) throw this.#damaged("another scale of time");
    this.#uuid = elements.find(({ id }) => id === ID.segmentUuid)?.content;
  }

  #readTracks(content: Bytes): FileTrack[] {
    const entries = readAll(content);
    if (!entries) throw this.#damaged("tracks");
    return entries.map(({ content: entry }) => {
      const fields = readAll(entry) ?? [];
      const of = (wanted: number) => fields.find(({ id }) => id === wanted)?.content ?? new Uint8Array(0);
      return {
        number: readUnsigned(of(ID.trackNumber)) ?? 0,
        codecId: new TextDecoder().decode(of(ID.codecId)),
      };
    });
  }

  #tellHeader(): Part {
    if (!this.#tracks) throw this.#damaged("a file without tracks");
    this.#isHeaderTold = true;
    return { kind: "header", uuid: this.#uuid, tracks: this.#tracks };
  }

  #handleShort(): undefined {
    if (!this.#hasEnded) return undefined;
    const isWhole = this.#level === "end" && this.#buffer.length === 0;
    if (!isWhole && !this.#mayBeCut) throw this.#damaged("it is cut off");
    return undefined;
  }

  #skip(length: number): void {
    this.#buffer = this.#buffer.subarray(length);
    this.#offset += length;
  }

  #damaged(detail: string): ReviewFault {
    const { ms } = this.#cluster;
    const place = { file: this.#file, offset: this.#offset, ...(ms >= 0 && { ms }) };
    return new ReviewFault("damaged", detail, place);
  }
}

/** The index at the end of a file, of which `tail` is the last part and begins at `from`; nothing if it is not there. */
export function findCues(tail: Bytes, from: number, segment: number): Cue[] | undefined {
  for (let at = tail.length - 4; at >= 0; at -= 1) {
    if (tail[at] !== 0x1c || from + at < segment) continue;
    const head = readHead(tail, at);
    if (typeof head === "string" || head.id !== ID.cues || head.size === undefined) continue;
    const begin = at + head.length;
    // the same four bytes may stand in a frame: only what ends with the file is an index
    if (begin + head.size === tail.length) return readCues(tail.subarray(begin), segment);
  }
  return undefined;
}

/** Ascending, or nothing. `segment` is where the content of the segment begins: what positions are counted from. */
function readCues(content: Bytes, segment: number): Cue[] | undefined {
  const cues = readAll(content)?.map(({ id, content: point }) => {
    const fields = id === ID.cuePoint ? readAll(point) : undefined;
    const time = fields?.find((field) => field.id === ID.cueTime);
    const positions = readAll(
      fields?.find((field) => field.id === ID.cueTrackPositions)?.content ?? new Uint8Array(0),
    );
    const position = positions?.find((field) => field.id === ID.cueClusterPosition);
    const [ms, offset] = [time && readUnsigned(time.content), position && readUnsigned(position.content)];
    return ms === undefined || offset === undefined ? undefined : { ms, offset: offset + segment };
  });
  const known = cues?.filter((cue) => cue !== undefined);
  if (!cues || !known || known.length < cues.length) return undefined;
  const ascends = known.every((cue, at) => at === 0 || known[at - 1]!.offset < cue.offset);
  return ascends ? known : undefined;
}

/** Where the content of the segment begins, by the first bytes of a file; nothing if they are none. */
export function segmentOffset(begin: Bytes): number | undefined {
  const ebml = readHead(begin, 0);
  if (typeof ebml === "string" || ebml.id !== ID.ebml || ebml.size === undefined) return undefined;
  const at = ebml.length + ebml.size;
  const segment = readHead(begin, at);
  return typeof segment === "string" || segment.id !== ID.segment ? undefined : at + segment.length;
}

/** Whether the tracks of a file are those, in this order. */
export function hasTracks(tracks: FileTrack[], codecs: (keyof typeof CODEC_IDS)[]): boolean {
  return (
    tracks.length === codecs.length &&
    tracks.every(({ number, codecId }, at) => number === at + 1 && codecId === CODEC_IDS[codecs[at]!])
  );
}

const BLOCK_HEAD = 4;

const HEADER_BYTES = 256 * 1024;
const CUES_BYTES = 16 * 1024 * 1024;

/** What may stand where, and how long it is at most. */
const MOST_BYTES: Record<"file" | "segment" | "cluster" | "end", Record<number, number>> = {
  file: { [ID.ebml]: HEADER_BYTES },
  segment: {
    [ID.info]: HEADER_BYTES,
    [ID.tracks]: HEADER_BYTES,
    [ID.tags]: HEADER_BYTES,
    [ID.cues]: CUES_BYTES,
  },
  cluster: {
    [ID.clusterTimestamp]: 8,
    // a key frame of a shared screen has 2 MB at most
    [ID.simpleBlock]: 8 * 1024 * 1024,
    [ID.cues]: CUES_BYTES,
  },
  end: {},
};
