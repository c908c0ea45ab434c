// What is sealed behind each frame of one sender's transceiver: see `trailer.ts`.
//
// Owns: a line to the common clock for each stream. Never does: seal.

import { CaptureClock } from "./captureclock.ts";
import type { Codec } from "./layout.ts";
import type { FrameMetadata } from "./pipelines.ts";
import type { Trailer } from "./trailer.ts";

export class Capturing {
  /** By SSRC: the encodings of one picture need not have their timestamps in common. */
  readonly #clocks = new Map<number, CaptureClock>();

  /** `now` in microseconds since 1970, when the frame came from its encoder. */
  trailerOf(codec: Codec, metadata: FrameMetadata, now: number): Trailer {
    const { rtpTimestamp, synchronizationSource = 0, width = 0, height = 0 } = metadata;
    const isSound = codec === "opus";
    const age = isSound ? SOUND_FRAME_MICROS : 0;
    if (rtpTimestamp === undefined) return { captureMicros: now - age, width, height };
    let clock = this.#clocks.get(synchronizationSource);
    if (!clock) {
      clock = new CaptureClock(isSound ? 48_000 : 90_000);
      this.#clocks.set(synchronizationSource, clock);
    }
    return { captureMicros: clock.capturedAt(rtpTimestamp, now) - age, width, height };
  }
}

/** A frame of sound is complete only so long after its first sample, which its timestamp is of: 20 ms, as all send. */
const SOUND_FRAME_MICROS = 20_000;
