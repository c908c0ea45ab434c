// What a recording is of, by its `manifest.json`.
//
// Owns: its form. Never does: believe it; whose a frame is, its key says.

import type { Codec } from "../sealing/layout.ts";
import { CODEC_IDS } from "./elements.ts";
import { ReviewFault } from "./fault.ts";

export interface ManifestTrack {
  codec: Codec;
  /** The upper bits of each KID of the stay that it began with. */
  sender: number;
}

export interface Manifest {
  /** 32 hexadecimal digits. */
  id: string;
  /** In milliseconds since 1970, by the server's clock. */
  begun: number;
  /** In the order of track numbers from 1. */
  tracks: ManifestTrack[];
}

/** Throws `ReviewFault`. */
export function readManifest(json: string, id: string): Manifest {
  const read = parsed(json);
  const { begun, tracks } = read;
  if (read["version"] !== 1 || typeof begun !== "number" || !Array.isArray(tracks))
    throw damaged("not of its form");
  if (read["id"] !== id) throw new ReviewFault("foreign", "the manifest is of another recording", FILE);
  if (read["layout"] !== LAYOUT || read["suite"] !== SUITE)
    throw new ReviewFault("unplayable", "frames of another layout", FILE);
  return { id, begun, tracks: tracks.map(trackOf) };
}

function trackOf(track: unknown): ManifestTrack {
  const { codec, sender } = (track ?? {}) as Record<string, unknown>;
  if (typeof codec !== "string" || !Object.hasOwn(CODEC_IDS, codec) || typeof sender !== "number")
    throw damaged("a track that is none");
  return { codec: codec as Codec, sender };
}

function parsed(json: string): Record<string, unknown> {
  try {
    return (JSON.parse(json) ?? {}) as Record<string, unknown>;
  } catch {
    throw damaged("not JSON");
  }
}

function damaged(detail: string): ReviewFault {
  return new ReviewFault("damaged", detail, FILE);
}

const FILE = { file: "manifest.json" };
const LAYOUT = 2;
const SUITE = 5;
