// The elements of Matroska (RFC 9559) that our files have, by name.
//
// Owns: the numbers. Never does: anything with them.

export const ID = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  segmentUuid: 0x73a4,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  tags: 0x1254c367,
  cluster: 0x1f43b675,
  clusterTimestamp: 0xe7,
  simpleBlock: 0xa3,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueClusterPosition: 0xf1,
} as const;

export const CODEC_IDS = {
  opus: "A_OPUS",
  vp8: "V_VP8",
  vp9: "V_VP9",
  h264: "V_MPEG4/ISO/AVC",
  av1: "V_AV1",
} as const;

/** RFC 7845 §5.1: version 1, two channels, 6.5 ms of pre-skip, 48 kHz, no gain, mapping family 0. */
export const OPUS_HEAD = Uint8Array.of(
  ...new TextEncoder().encode("OpusHead"),
  ...[1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0],
);

/** Timestamps are milliseconds. */
export const NANOS_A_MILLI = 1_000_000;

/** Of a SimpleBlock's flags: a decoder can begin with it. */
export const KEY_FRAME = 0x80;
