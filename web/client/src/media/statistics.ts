// Figures of a running call.
//
// Owns: shapes.

import type { Line } from "../session/types.ts";

export type MediaSource = "microphone" | "camera" | "screen" | "screen_audio";

/** One stream, over the last few seconds. Figures that the browser does not give are absent. */
export interface StreamStatistics {
  /** Whose: `Person.id`. */
  person: number;
  source: MediaSource;
  kilobitsPerSecond: number;
  /** 0 to 1. */
  loss?: number;
  jitterMs?: number;
  codec?: string;
  framesPerSecond?: number;
  width?: number;
  height?: number;
  /** Sound that was made up for what did not arrive: 0 to 1. */
  concealed?: number;
  /** Longer standstills of the picture so far. */
  freezes?: number;
}

/** What sealing has done so far in this page. */
export interface SealingStatistics {
  sealed: number;
  opened: number;
  rejected: number;
  replayed: number;
  /** Microseconds, summed over all frames. */
  sealMicros: number;
  openMicros: number;
}

export interface CallStatistics {
  /** There and back, in ms. */
  roundTripMs?: number;
  /** How good the own line is. */
  line: Line;
  sending: StreamStatistics[];
  receiving: StreamStatistics[];
  sealing: SealingStatistics;
}
