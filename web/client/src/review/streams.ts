// What a browser plays of each codec by Media Source Extensions, and by what it is written.
//
// Owns: the choice. Never does: write.

import type { Bytes } from "../sealing/bytes.ts";
import type { Codec } from "../sealing/layout.ts";
import { FragmentWriter } from "./fmp4.ts";
import { PictureWriter } from "./webm.ts";

export interface Writer {
  /** The frame, with what has to stand before it; nothing if a decoder can't begin with it. */
  write(ms: number, isKey: boolean, frame: Bytes, size: { width: number; height: number }): Bytes | undefined;
}

/** What to ask a browser for. */
export function mimeTypeOf(codec: Codec): string {
  return MIME_TYPES[codec];
}

export function pictureWriterOf(codec: Codec): Writer {
  return codec === "h264" ? new FragmentWriter() : new PictureWriter(codec);
}

const MIME_TYPES: Record<Codec, string> = {
  opus: 'audio/webm; codecs="opus"',
  vp8: 'video/webm; codecs="vp8"',
  vp9: 'video/webm; codecs="vp9"',
  av1: 'video/webm; codecs="av01.0.08M.08"',
  // constrained baseline, as all browsers send it; the stream itself says its level
  h264: 'video/mp4; codecs="avc1.42E01F"',
};
