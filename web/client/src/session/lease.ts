// "I still agree": said to the server's recorder for as long as it is true (RECORDING.md, section 4).
//
// Owns: the rhythm. Never does: decide that it is true.

import type { ClientBody } from "../signaling/protocol.ts";

export class Lease {
  readonly #say: (body: ClientBody) => void;
  #recording: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** What this person has taken back: nothing brings it to life again. */
  #refused: string | undefined;

  constructor(say: (body: ClientBody) => void) {
    this.#say = say;
  }

  /** For this recording from now on; `undefined` for none. */
  keep(recording: string | undefined): void {
    const wanted = recording === this.#refused ? undefined : recording;
    if (wanted === this.#recording) return;
    clearInterval(this.#timer);
    this.#recording = wanted;
    if (wanted === undefined) return;
    this.#tell(wanted);
    this.#timer = setInterval(() => this.#tell(wanted), LEASE_MS);
  }

  /** Not a moment longer, though the agreement has not heard of it yet. */
  refuse(recording: string): void {
    this.#refused = recording;
    if (this.#recording === recording) this.keep(undefined);
  }

  #tell(recording: string): void {
    this.#say({ type: "lease", recording });
  }
}

/** It lasts 6 s on the server: two may be lost. */
const LEASE_MS = 2000;
