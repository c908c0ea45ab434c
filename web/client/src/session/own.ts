// What this person has switched on.
//
// Owns: the wish, which outlives connections. Never does: send.

import type { Line, MediaState } from "../signaling/protocol.ts";

export interface Own {
  microphone: MediaStreamTrack | null;
  muted: boolean;
  camera: MediaStreamTrack | null;
  screen: MediaStream | null;
  speaking: boolean;
  hand: boolean;
  line: Line;
}

/** As the others are told. */
export function mediaState({ microphone, muted, camera, screen }: Own): MediaState {
  return { microphone: microphone !== null && !muted, camera: camera !== null, screen: screen !== null };
}
