// How good the own line is, in one word.
//
// Owns: the limits, and that the word does not flicker. Never does: measure.

import type { Line } from "../session/types.ts";

/** What was measured over the last few seconds. Absent: nothing to measure. */
export interface Measurement {
  roundTripMs?: number | undefined;
  /** The worse of both directions: 0 to 1. */
  loss?: number | undefined;
  jitterMs?: number | undefined;
}

/** Follows the measurements: slowly to better, quickly to worse. */
export class LineJudge {
  #line: Line = "unknown";
  #wanted: Line = "unknown";
  #times = 0;

  get line(): Line {
    return this.#line;
  }

  /** Takes one measurement in, and returns the word. */
  update(measurement: Measurement): Line {
    const now = judge(measurement);
    if (now === "unknown" || now === this.#line) {
      this.#times = 0;
      return this.#line;
    }
    // What swings between two words that are both better (or worse) than the present one still moves it.
    const sameSide = this.#times > 0 && isWorse(now, this.#line) === isWorse(this.#wanted, this.#line);
    this.#times = sameSide ? this.#times + 1 : 1;
    this.#wanted = sameSide ? nearerTo(this.#line, now, this.#wanted) : now;
    if (this.#times >= this.#needed()) {
      this.#line = this.#wanted;
      this.#times = 0;
    }
    return this.#line;
  }

  #needed(): number {
    if (this.#line === "unknown") return 1;
    return isWorse(this.#wanted, this.#line) ? TIMES_TO_WORSE : TIMES_TO_BETTER;
  }
}

/** One measurement by itself: the worst of its parts counts. */
export function judge({ roundTripMs, loss, jitterMs }: Measurement): Line {
  if (roundTripMs === undefined && loss === undefined && jitterMs === undefined) return "unknown";
  const [trip, lost, varied] = [roundTripMs ?? 0, loss ?? 0, jitterMs ?? 0];
  if (trip > POOR.roundTripMs || lost > POOR.loss || varied > POOR.jitterMs) return "poor";
  if (trip > FAIR.roundTripMs || lost > FAIR.loss || varied > FAIR.jitterMs) return "fair";
  return "good";
}

function isWorse(one: Line, other: Line): boolean {
  return RANK[one] > RANK[other];
}

function nearerTo(from: Line, one: Line, other: Line): Line {
  return Math.abs(RANK[one] - RANK[from]) <= Math.abs(RANK[other] - RANK[from]) ? one : other;
}

const RANK: Record<Line, number> = { unknown: 0, good: 1, fair: 2, poor: 3 };

/**
 * Beyond this it can be noticed. 150 ms from mouth to ear (ITU-T G.114) less some 50 ms for capture, coding and
 * the jitter buffer leave 100 ms one way · 5 % of loss are concealed to 1 % · the target for delay variation is 30 ms.
 */
const FAIR = { roundTripMs: 200, loss: 0.05, jitterMs: 30 };
/**
 * Beyond this it hinders talking. 400 ms from mouth to ear less a deeper jitter buffer leave 300 ms one way · of 20 %
 * loss 5 % stay concealed, which is the limit, and a line that loses 15 % soon loses 20 · 80 ms is the limit of delay
 * variation.
 */
const POOR = { roundTripMs: 600, loss: 0.15, jitterMs: 80 };
/** Measurements in a row, each of 2 s: one burst is not a bad line, */
const TIMES_TO_WORSE = 2;
/** and ten good seconds are the least that deserve trust. */
const TIMES_TO_BETTER = 5;
