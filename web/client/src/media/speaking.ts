// Whether the own microphone hears somebody speak.
//
// Owns: the threshold and the debouncing. Never does: tell the level to anybody: it would tell what is said.

import { Tap } from "./context.ts";

/** Turns loudness into a bit that does not flicker with syllables. */
export class SpeakingBit {
  #loudSince: number | undefined;
  #loudAt = -Infinity;
  #speaking = false;

  /** Takes one reading in, at `now` in ms, and returns the bit. */
  update(now: number, decibels: number): boolean {
    if (decibels > THRESHOLD_DECIBELS) {
      this.#loudSince ??= now;
      this.#loudAt = now;
      if (now - this.#loudSince >= ON_MS) this.#speaking = true;
    } else {
      this.#loudSince = undefined;
      if (now - this.#loudAt >= OFF_MS) this.#speaking = false;
    }
    return this.#speaking;
  }
}

/** Listens to a track and calls back at each change. Returns what ends it; the last word is then `false`. */
export function watchSpeaking(track: MediaStreamTrack, changed: (speaking: boolean) => void): () => void {
  const tap = new Tap(track);
  const bit = new SpeakingBit();
  let last = false;
  const tell = (speaking: boolean) => {
    if (speaking !== last) changed((last = speaking));
  };
  // A muted track is silence to the tap too.
  const timer = setInterval(() => tell(bit.update(performance.now(), tap.decibels)), READING_MS);
  return () => {
    clearInterval(timer);
    tap.close();
    tell(false);
  };
}

/** With gain control, speech lies at −35 to −10 dB and a room with a fan below −55 dB. */
const THRESHOLD_DECIBELS = -48;
/** A key press or a knock is shorter, */
const ON_MS = 150;
/** and a breath between sentences is. */
const OFF_MS = 600;
/** A little more than what one reading covers. */
const READING_MS = 50;
