// Notices that somebody talks into a muted microphone.
//
// Owns: a second, listening end of the microphone that never leaves this page, and the patience before it tells.

import { Meter } from "@rapport/client";

export class MutedSpeech {
  readonly #track: MediaStreamTrack;
  readonly #meter: Meter;
  readonly #timer: ReturnType<typeof setInterval>;
  #loud = 0;
  #quiet = 0;
  #told = false;

  constructor(
    microphone: MediaStreamTrack,
    readonly tell: (speaking: boolean) => void,
  ) {
    // A muted track is silent for everybody, so a clone listens in its place.
    this.#track = microphone.clone();
    this.#track.enabled = true;
    this.#meter = new Meter(this.#track);
    this.#timer = setInterval(() => this.#look(), STEP_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#meter.close();
    this.#track.stop();
  }

  #look(): void {
    const loud = this.#meter.level > SPEECH_LEVEL;
    this.#loud = loud ? this.#loud + STEP_MS : Math.max(0, this.#loud - STEP_MS);
    this.#quiet = loud ? 0 : this.#quiet + STEP_MS;
    if (!this.#told && this.#loud >= TALKS_MS) this.#say(true);
    else if (this.#told && this.#quiet >= SILENT_MS) this.#say(false);
  }

  #say(speaking: boolean): void {
    this.#told = speaking;
    this.#loud = 0;
    this.tell(speaking);
  }
}

const STEP_MS = 100;
/** About −30 dB: a voice at the desk, not one in the next room. */
const SPEECH_LEVEL = 0.5;
/** A cough is shorter. */
const TALKS_MS = 800;
/** Long enough to read the notice and reach for the button. */
const SILENT_MS = 5000;
