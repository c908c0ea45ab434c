// How the streams of a recording stay together.
//
// Owns: what one of them does about being early or late. Never does: touch a media element.

export type Pace =
  | { kind: "jump" }
  /** As a factor of the speed that was chosen. */
  | { kind: "run"; factor: number };

/** `drift` in seconds: how far a stream is before the clock. */
export function paceOf(drift: number): Pace {
  const size = Math.abs(drift);
  if (size > FAR_SECONDS) return { kind: "jump" };
  if (size < NEAR_SECONDS) return { kind: "run", factor: 1 };
  // gone within about two seconds, and no faster than what is hardly seen
  const factor = 1 - Math.sign(drift) * Math.min(size, MOST);
  return { kind: "run", factor };
}

/** Beyond this a nudge would be seen for longer than a jump. */
const FAR_SECONDS = 0.4;
/** Less than a frame of most cameras; sound before lips is noticed from 45 ms on (ITU-R BT.1359). */
const NEAR_SECONDS = 0.025;
const MOST = 0.15;
