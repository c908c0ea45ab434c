// The figures of a call, in lines for somebody who helps.
//
// Owns: their form. Never does: measure.

import type { CallStatistics, Person } from "@rapport/client";
import { words } from "../words/en";

/** One line a stream, as `key value` pairs: read by people, found by machines. */
export function figureLines(figures: CallStatistics, people: Person[]): string[] {
  const { roundTripMs, line, sealing, sending, receiving, ignored } = figures;
  const sealed = { frames: sealing.sealed, dropped: sealing.dropped };
  const opening = { frames: sealing.opened, rejected: sealing.rejected, replayed: sealing.replayed };
  return [
    pairs("line", { state: line, roundTripMs }),
    pairs("sealed", { ...sealed, micros: perFrame(sealing.sealMicros, sealing.sealed) }),
    pairs("opened", { ...opening, micros: perFrame(sealing.openMicros, sealing.opened) }),
    pairs("roster", { ignored }),
    ...sending.map(({ person: _, source, ...rest }) => pairs(`sends ${source}`, rest)),
    ...receiving.map(({ person, source, ...rest }) => pairs(`${whose(person, people)} ${source}`, rest)),
  ];
}

function whose(id: number, people: Person[]): string {
  return people.find((person) => person.id === id)?.name || words.unnamed;
}

function perFrame(micros: number, frames: number): number | undefined {
  return frames > 0 ? micros / frames : undefined;
}

function pairs(head: string, values: object): string {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return `${head}: ${known.map(([key, value]) => `${key} ${short(value)}`).join(", ")}`;
}

function short(value: unknown): string {
  return typeof value === "number" ? String(Math.round(value * 1000) / 1000) : String(value);
}
