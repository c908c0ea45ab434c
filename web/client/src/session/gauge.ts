// Measures a running connection.
//
// Owns: the pace, the last sample, the word for the line. Never does: judge others' lines; each tells its own.

import { LineJudge } from "../media/line.ts";
import { readReport, type Sample } from "../media/report.ts";
import { compare, type CallStatistics, type Owner } from "../media/statistics.ts";
import { noCounts, type SealingCounts } from "../sealing/index.ts";
import type { Line } from "./types.ts";

/** Whence figures come. */
export interface Measured {
  report(): Promise<Iterable<[string, RTCStats]>>;
  counts(): Promise<SealingCounts>;
  owner(mid: string): Owner | undefined;
}

export class Gauge {
  readonly #measured: Measured;
  readonly #judge = new LineJudge();
  readonly #timer: ReturnType<typeof setInterval>;
  #before: Sample | undefined;
  #counts = noCounts();
  #figures: Pick<CallStatistics, "sending" | "receiving"> = { sending: [], receiving: [] };

  constructor(measured: Measured, changed: (line: Line) => void) {
    this.#measured = measured;
    this.#timer = setInterval(() => this.#measure(changed).catch(() => undefined), PACE_MS);
  }

  /** Over the last full pace; empty before the first. */
  statistics(): Omit<CallStatistics, "ignored"> {
    const roundTripMs = this.#before?.roundTripMs;
    return {
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
      line: this.#judge.line,
      ...this.#figures,
      sealing: this.#counts,
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #measure(changed: (line: Line) => void): Promise<void> {
    const [report, counts] = await Promise.all([this.#measured.report(), this.#measured.counts()]);
    this.#counts = counts;
    const now = readReport([...report].map(([, entry]) => entry));
    const { measurement, ...figures } = compare(this.#before, now, (mid) => this.#measured.owner(mid));
    this.#before = now;
    this.#figures = figures;
    const line = this.#judge.line;
    if (this.#judge.update(measurement) !== line) changed(this.#judge.line);
  }
}

/** Long enough for 100 packets of sound, so that one lost one is 1 %. */
const PACE_MS = 2000;
