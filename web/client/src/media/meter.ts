// A level to draw beside a microphone.
//
// Owns: the scale. Never does: decide who speaks; that is `speaking.ts`.

import { Tap } from "./context.ts";

/** How loud a microphone is, whenever it is asked. */
export class Meter {
  readonly #tap: Tap;

  constructor(track: MediaStreamTrack) {
    this.#tap = new Tap(track);
  }

  /** 0 for silence to 1 for the loudest, in equal steps of loudness. */
  get level(): number {
    return levelOf(this.#tap.decibels);
  }

  close(): void {
    this.#tap.close();
  }
}

/** −60 dB, the noise of a quiet room, is 0. Loud speech is at about −10 dB. */
export function levelOf(decibels: number): number {
  return Math.min(1, Math.max(0, (decibels + 60) / 60));
}
