// Figures of a running call.
//
// Owns: what two of the browser's reports say about the time between them. Never does: ask for a report, or judge.

import type { SealingCounts } from "../sealing/index.ts";
import type { Line } from "../session/types.ts";
import type { Source } from "../signaling/protocol.ts";
import type { Measurement } from "./line.ts";
import { present, type Sample, type StreamSample } from "./report.ts";

export type MediaSource = Source;

/** One stream, over the last few seconds. Figures that the browser does not give are absent. */
export interface StreamStatistics {
  /** Whose: `Person.id`. */
  person: number;
  source: MediaSource;
  kilobitsPerSecond: number;
  /** 0 to 1. */
  loss?: number;
  jitterMs?: number;
  codec?: string;
  framesPerSecond?: number;
  width?: number;
  height?: number;
  /** Sound that was made up for what did not arrive: 0 to 1. */
  concealed?: number;
  /** Longer standstills of the picture so far. */
  freezes?: number;
}

export interface CallStatistics {
  /** There and back, in ms. */
  roundTripMs?: number;
  /** How good the own line is. */
  line: Line;
  sending: StreamStatistics[];
  receiving: StreamStatistics[];
  /** What sealing has done so far on this connection. */
  sealing: SealingCounts;
  /** How often the server contradicted itself on whose key is whose, and was not followed. */
  ignored: number;
}

/** Whose stream a section carries. */
export interface Owner {
  person: number;
  source: MediaSource;
}

/** What happened between two samples, for those sections that belong to somebody. */
export function compare(
  before: Sample | undefined,
  now: Sample,
  owner: (mid: string) => Owner | undefined,
): Pick<CallStatistics, "sending" | "receiving"> & { measurement: Measurement } {
  const sending: StreamStatistics[] = [];
  const receiving: StreamStatistics[] = [];
  for (const [id, stream] of now.streams) {
    const owned = owner(stream.mid);
    const earlier = before?.streams.get(id);
    if (!owned || !before || !earlier || now.at <= before.at) continue;
    (stream.outbound ? sending : receiving).push({
      ...owned,
      ...between(earlier, stream, now.at - before.at),
    });
  }
  return { sending, receiving, measurement: measure(now.roundTripMs, [...sending, ...receiving]) };
}

function between(before: StreamSample, now: StreamSample, ms: number): Omit<StreamStatistics, keyof Owner> {
  const expected = now.outbound ? now.packets - before.packets : packetsDue(now) - packetsDue(before);
  const samples = (now.samples ?? 0) - (before.samples ?? 0);
  const { jitterMs, codec, framesPerSecond, width, height, freezes } = now;
  return present({
    kilobitsPerSecond: Math.max(0, ((now.bytes - before.bytes) * 8) / ms),
    // Late packets arrive after they were counted as lost, so a difference may be below zero.
    loss: expected > 0 ? Math.min(1, Math.max(0, now.lost - before.lost) / expected) : undefined,
    jitterMs,
    codec,
    framesPerSecond,
    width,
    height,
    freezes,
    concealed: samples > 0 ? ((now.concealed ?? 0) - (before.concealed ?? 0)) / samples : undefined,
  });
}

/** Sound stands for the line: its pace is even, while a picture's bursts look like jitter on any line. */
function measure(roundTripMs: number | undefined, streams: StreamStatistics[]): Measurement {
  const sound = streams.filter(({ source }) => source === "microphone");
  return {
    roundTripMs,
    loss: most(sound.map(({ loss }) => loss)),
    jitterMs: most(sound.map((s) => s.jitterMs)),
  };
}

function packetsDue({ packets, lost }: StreamSample): number {
  return packets + lost;
}

function most(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}
