// Writes what a browser plays of one track by Media Source Extensions: WebM of that track alone.
//
// Owns: the header, and clusters that begin at key frames; Firefox stalls after the first one of others. Never does:
// know a key, or the other tracks.
//
// Sound and picture of a person are two streams, since a browser plays one of both only where it has both: a camera that
// was switched off would silence its person.

import { concat, type Bytes } from "../sealing/bytes.ts";
import type { Codec } from "../sealing/layout.ts";
import { element, float, text, unsigned, unsizedElement } from "./ebml.ts";
import { CODEC_IDS, ID, KEY_FRAME, NANOS_A_MILLI, OPUS_HEAD } from "./elements.ts";

/** Of one picture: nothing before its first key frame. */
export class PictureWriter {
  readonly #codec: Codec;
  #cluster: number | undefined;
  #last = -1;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** The frame, with what has to stand before it; nothing if a decoder can't begin with it. */
  write(
    ms: number,
    isKey: boolean,
    frame: Bytes,
    size: { width: number; height: number },
  ): Bytes | undefined {
    if (this.#cluster === undefined && !isKey) return undefined;
    const parts: Bytes[] = [];
    if (this.#cluster === undefined) parts.push(pictureHeader(this.#codec, size));
    // a time that goes back is refused as a whole
    const at = Math.max(ms, this.#last + 1);
    if (this.#cluster === undefined || isKey || at - this.#cluster > LONGEST_CLUSTER_MS) {
      this.#cluster = at;
      parts.push(cluster(at));
    }
    this.#last = at;
    return concat(...parts, block(this.#cluster, at, isKey, frame));
  }
}

/** Of one sound, without holes: what is missing becomes silence, so that a player never waits for it. */
export class SoundWriter {
  #cluster: number | undefined;
  /** Where the next packet is due. */
  #due: number;
  #last = -1;

  /** All from there on. */
  constructor(ms: number) {
    this.#due = ms;
  }

  write(ms: number, packet: Bytes): Bytes {
    const parts = [this.fill(ms + TOLERANCE_MS)];
    // times are whole milliseconds, packets are not
    const at = Math.abs(ms - this.#due) <= TOLERANCE_MS ? this.#due : Math.max(ms, this.#last + 1);
    parts.push(this.#put(at, packet, opusMs(packet)));
    return concat(...parts);
  }

  /** Silence up to there. */
  fill(ms: number): Bytes {
    const parts: Bytes[] = [];
    while (this.#due + SILENCE_MS <= ms) parts.push(this.#put(this.#due, SILENCE, SILENCE_MS));
    return concat(...parts);
  }

  /** Nothing was recorded up to there: no silence of it, either. */
  skip(ms: number): void {
    this.#due = Math.max(this.#due, ms);
  }

  #put(due: number, packet: Bytes, lasts: number): Bytes {
    const at = Math.round(due);
    const parts: Bytes[] = [];
    if (this.#cluster === undefined) parts.push(soundHeader());
    if (this.#cluster === undefined || at - this.#cluster >= SOUND_CLUSTER_MS) {
      this.#cluster = at;
      parts.push(cluster(at));
    }
    this.#last = at;
    this.#due = due + lasts;
    return concat(...parts, block(this.#cluster, at, true, packet));
  }
}

/** RFC 6716 §3.1 and §3.2.5: how long a packet sounds. */
export function opusMs([contents = 0, count = 1]: Uint8Array): number {
  const configuration = contents >> 3;
  const frame =
    configuration < 12
      ? [10, 20, 40, 60][configuration & 3]!
      : configuration < 16
        ? [10, 20][configuration & 1]!
        : [2.5, 5, 10, 20][configuration & 3]!;
  const code = contents & 3;
  return frame * (code === 0 ? 1 : code === 3 ? count & 0x3f : 2);
}

function pictureHeader(codec: Codec, { width, height }: { width: number; height: number }): Bytes {
  const size = element(
    ID.video,
    unsigned(ID.pixelWidth, Math.max(width, 1)),
    unsigned(ID.pixelHeight, Math.max(height, 1)),
  );
  return header(codec, ...(codec === "av1" ? [element(ID.codecPrivate, AV1_CONFIGURATION)] : []), size);
}

function soundHeader(): Bytes {
  const audio = element(ID.audio, float(ID.samplingFrequency, 48_000), unsigned(ID.channels, 2));
  return header("opus", element(ID.codecPrivate, OPUS_HEAD), audio);
}

function header(codec: Codec, ...what: Bytes[]): Bytes {
  const ebml = element(
    ID.ebml,
    text(ID.docType, "webm"),
    unsigned(ID.docTypeVersion, 4),
    unsigned(ID.docTypeReadVersion, 2),
  );
  const info = element(
    ID.info,
    unsigned(ID.timestampScale, NANOS_A_MILLI),
    text(ID.muxingApp, "rapport"),
    text(ID.writingApp, "rapport"),
  );
  const entry = element(
    ID.trackEntry,
    unsigned(ID.trackNumber, 1),
    unsigned(ID.trackUid, 1),
    unsigned(ID.trackType, codec === "opus" ? 2 : 1),
    unsigned(ID.flagLacing, 0),
    text(ID.codecId, CODEC_IDS[codec]),
    ...what,
  );
  return concat(ebml, unsizedElement(ID.segment), info, element(ID.tracks, entry));
}

function cluster(ms: number): Bytes {
  return concat(unsizedElement(ID.cluster), unsigned(ID.clusterTimestamp, ms));
}

function block(clusterMs: number, ms: number, isKey: boolean, frame: Bytes): Bytes {
  const head = Uint8Array.of(0x81, 0, 0, isKey ? KEY_FRAME : 0);
  // RFC 9559 §10.2: 16 bits, signed, from its cluster's time
  new DataView(head.buffer).setInt16(1, ms - clusterMs);
  return element(ID.simpleBlock, head, frame);
}

/** AV1 in ISOBMFF §2.3.3: version 1, main profile, level 4.0, 8 bits, 4:2:0. The stream itself says it again. */
const AV1_CONFIGURATION = Uint8Array.of(0x81, 0x08, 0x0c, 0x00);

/** 20 ms of one channel that are silent. */
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);
const SILENCE_MS = 20;

/** Less than half of a packet of 20 ms, and more than the rounding of times. */
const TOLERANCE_MS = 5;

const LONGEST_CLUSTER_MS = 30_000;
const SOUND_CLUSTER_MS = 5_000;
