// The page's one audio context for listening to its own microphone.
//
// Owns: it, for the life of the page: browsers allow only a few. Never does: play anything.

let shared: AudioContext | undefined;

/** Running as soon as the user has touched the page; a page that opened a microphone may run one at once. */
export function listeningContext(): AudioContext {
  shared ??= new AudioContext({ latencyHint: "interactive" });
  if (shared.state === "suspended") void shared.resume().catch(() => undefined);
  return shared;
}

/** Hears one track. */
export class Tap {
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    const context = listeningContext();
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = WINDOW_SAMPLES;
    this.#samples = new Float32Array(WINDOW_SAMPLES);
    this.#source.connect(this.#analyser);
  }

  /** Root mean square of the last 43 ms, in dB below full scale; −100 for silence. */
  get decibels(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return decibelsOf(this.#samples);
  }

  close(): void {
    this.#source.disconnect();
    this.#analyser.disconnect();
  }
}

/** Of samples between −1 and 1. */
export function decibelsOf(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  return Math.max(FLOOR_DECIBELS, 20 * Math.log10(rms));
}

/** 43 ms at 48 kHz: a syllable is longer, a click is shorter. */
const WINDOW_SAMPLES = 2048;
/** What stands for nothing at all: below the noise of any microphone. */
const FLOOR_DECIBELS = -100;
