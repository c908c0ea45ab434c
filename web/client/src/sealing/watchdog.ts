// Whether what leaves a sender can be what its worker sealed.
//
// Owns: the judgement on one sender. Never does: measure, or act on what it finds.
//
// A browser that was asked one task too late sends clear frames while the transform reads back as set, so only the
// comparison of packets with the worker's own count tells. Packets alone are not proof enough after the first sealed
// frame: a pacer still empties its queue when a camera is already off, probes for bandwidth are packets too, and
// packets are sent again. Hence two grounds.

/** What is known of a sender at one moment, in totals; for several encodings their sum. */
export interface SenderReading {
  kind: "audio" | "video";
  /** Packets sent, those sent again not counted. */
  packets: number;
  /** Bytes of payload sent, those sent again not counted. */
  bytes: number;
  /** Frames that the encoder made; audio has no such figure. */
  encoded: number;
  /** Frames that the worker sealed, asked for *after* the packets were counted. */
  sealed: number;
}

export class Watchdog {
  #last: SenderReading | undefined;
  #suspicions = 0;

  /** Says what is wrong, or nothing. */
  judge(reading: SenderReading): string | undefined {
    const last = this.#last;
    this.#last = reading;
    if (reading.sealed === 0 && reading.packets > 0 && reading.bytes > 0) {
      return `${reading.packets} ${reading.kind} packets left before any frame was sealed`;
    }
    this.#suspicions = last !== undefined && isSuspicious(last, reading) ? this.#suspicions + 1 : 0;
    if (this.#suspicions < SUSPICIONS_TO_ACT) return undefined;
    return `${reading.kind} packets leave while nothing is being sealed`;
  }
}

function isSuspicious(last: SenderReading, now: SenderReading): boolean {
  if (now.sealed !== last.sealed || now.packets <= last.packets || now.bytes <= last.bytes) return false;
  return now.kind === "audio" || now.encoded > last.encoded;
}

/** In the first span the frames sealed just before it may still be leaving. */
const SUSPICIONS_TO_ACT = 2;
