// When a frame was captured, in the time of one clock for all tracks.
//
// Owns: the line from a track's RTP timestamps to that clock. Never does: read a clock.
//
// A browser says of a frame how it lies to its track's others, by its RTP timestamp; and it comes here after it was
// encoded, which takes a while that varies. The frames that took least tell where the line lies. Both clocks drift, by
// some 50 millionths: a line that is too early is noticed at once by a frame that comes before it, and one that is too
// late is let go by more than they drift.

export class CaptureClock {
  readonly #ticksPerSecond: number;
  #last: { timestamp: number; micros: number; now: number } | undefined;
  /** The clock's time less the track's, in microseconds. */
  #offset = 0;

  /** `ticksPerSecond` of the RTP timestamps: RFC 7587 §4.1 for Opus, 90,000 for pictures. */
  constructor(ticksPerSecond: number) {
    this.#ticksPerSecond = ticksPerSecond;
  }

  /** In microseconds, as `now`, which is when the frame came out of the encoder. */
  capturedAt(timestamp: number, now: number): number {
    const last = this.#last;
    const ahead = last ? ((timestamp - last.timestamp) << 0) / this.#ticksPerSecond : 0;
    const isNew = !last || Math.abs(ahead) > JUMP_SECONDS;
    const micros = isNew ? 0 : last.micros + ahead * 1e6;
    const latest = isNew ? Infinity : this.#offset + (now - last.now) * DRIFT;
    this.#offset = Math.min(now - micros, latest);
    this.#last = { timestamp, micros, now };
    return micros + this.#offset;
  }
}

/** Four times what clocks drift. */
const DRIFT = 200e-6;

/** No pause of a track that goes on is as long; another track in its place is another line. */
const JUMP_SECONDS = 600;
