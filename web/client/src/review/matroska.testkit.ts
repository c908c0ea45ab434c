// Writes a file of a recording element by element as the recorder does (recorder/src/matroska.rs).
//
// Owns: the same elements in the same order. For tests alone.

import { concat, type Bytes } from "../sealing/bytes.ts";
import type { Codec } from "../sealing/layout.ts";
import { element, float, text, unsigned, unsizedElement } from "./ebml.ts";
import { CODEC_IDS, ID, KEY_FRAME, NANOS_A_MILLI, OPUS_HEAD } from "./elements.ts";
import type { Cue } from "./matroska.ts";

export interface WrittenTrack {
  codec: Codec;
  sender: number;
  width: number;
  height: number;
}

/** All that stands before the first cluster, and where the content of the segment begins. */
export function writeHeader(id: Bytes, tracks: WrittenTrack[]): { header: Bytes; segment: number } {
  const ebml = element(
    ID.ebml,
    text(ID.docType, "matroska"),
    unsigned(ID.docTypeVersion, 4),
    unsigned(ID.docTypeReadVersion, 2),
  );
  const begin = concat(ebml, unsizedElement(ID.segment));
  const info = element(
    ID.info,
    element(ID.segmentUuid, id),
    unsigned(ID.timestampScale, NANOS_A_MILLI),
    text(ID.muxingApp, "rapport"),
    text(ID.writingApp, "rapport"),
  );
  const entries = tracks.map((track, at) => element(ID.trackEntry, ...trackEntry(track, at + 1, id)));
  const how = element(SIMPLE_TAG, text(TAG_NAME, "SFRAME"), text(TAG_STRING, "RFC9605;suite=5;layout=2"));
  const tags = element(ID.tags, element(TAG, element(TARGETS), how));
  return { header: concat(begin, info, element(ID.tracks, ...entries), tags), segment: begin.length };
}

export function writeCluster(ms: number): Bytes {
  return concat(unsizedElement(ID.cluster), unsigned(ID.clusterTimestamp, ms));
}

export function writeBlock(
  clusterMs: number,
  track: number,
  ms: number,
  isKey: boolean,
  bytes: Bytes,
): Bytes {
  const head = new Uint8Array(4);
  head[0] = 0x80 | track;
  new DataView(head.buffer).setInt16(1, ms - clusterMs);
  head[3] = isKey ? KEY_FRAME : 0;
  return element(ID.simpleBlock, head, bytes);
}

export function writeCues(clusters: Cue[], segment: number): Bytes {
  const points = clusters.map(({ ms, offset }) =>
    element(
      ID.cuePoint,
      unsigned(ID.cueTime, ms),
      element(
        ID.cueTrackPositions,
        unsigned(CUE_TRACK, 1),
        unsigned(ID.cueClusterPosition, offset - segment),
      ),
    ),
  );
  return element(ID.cues, ...points);
}

function trackEntry({ codec, width, height }: WrittenTrack, number: number, id: Bytes): Bytes[] {
  const isSound = codec === "opus";
  const what = isSound
    ? [
        element(ID.codecPrivate, OPUS_HEAD),
        element(ID.audio, float(ID.samplingFrequency, 48_000), unsigned(ID.channels, 2)),
      ]
    : [element(ID.video, unsigned(ID.pixelWidth, width), unsigned(ID.pixelHeight, height))];
  const encoding = element(
    CONTENT_ENCODING,
    unsigned(CONTENT_ENCODING_ORDER, 0),
    unsigned(CONTENT_ENCODING_SCOPE, 1),
    unsigned(CONTENT_ENCODING_TYPE, 1),
    element(CONTENT_ENCRYPTION, unsigned(CONTENT_ENC_ALGO, 5), element(CONTENT_ENC_KEY_ID, id)),
  );
  return [
    unsigned(ID.trackNumber, number),
    unsigned(ID.trackUid, number),
    unsigned(ID.trackType, isSound ? 2 : 1),
    unsigned(ID.flagLacing, 0),
    text(ID.codecId, CODEC_IDS[codec]),
    ...what,
    element(CONTENT_ENCODINGS, encoding),
  ];
}

const SIMPLE_TAG = 0x67c8;
const TAG = 0x7373;
const TARGETS = 0x63c0;
const TAG_NAME = 0x45a3;
const TAG_STRING = 0x4487;
const CUE_TRACK = 0xf7;
const CONTENT_ENCODINGS = 0x6d80;
const CONTENT_ENCODING = 0x6240;
const CONTENT_ENCODING_ORDER = 0x5031;
const CONTENT_ENCODING_SCOPE = 0x5032;
const CONTENT_ENCODING_TYPE = 0x5033;
const CONTENT_ENCRYPTION = 0x5035;
const CONTENT_ENC_ALGO = 0x47e1;
const CONTENT_ENC_KEY_ID = 0x47e2;
