import { describe, expect, it } from "vitest";

import { SpeakingBit } from "./speaking.ts";

const LOUD = -25;
const QUIET = -70;

/** Readings every 50 ms; returns the moments at which the bit changed. */
function changes(...stretches: [ms: number, decibels: number][]): [number, boolean][] {
  const bit = new SpeakingBit();
  const found: [number, boolean][] = [];
  let [now, last] = [0, false];
  for (const [ms, decibels] of stretches) {
    for (const end = now + ms; now < end; now += 50) {
      const speaking = bit.update(now, decibels);
      if (speaking !== last) found.push([now, (last = speaking)]);
    }
  }
  return found;
}

describe("SpeakingBit", () => {
  it("is set after 150 ms of sound, and not by a knock", () => {
    expect(changes([1000, QUIET], [1000, LOUD])).toEqual([[1150, true]]);
    expect(changes([100, LOUD], [500, QUIET], [100, LOUD], [1000, QUIET])).toEqual([]);
  });

  it("stays over a breath, and ends after 600 ms", () => {
    expect(changes([500, LOUD], [500, QUIET], [50, LOUD], [2000, QUIET])).toEqual([
      [150, true],
      [1600, false],
    ]);
  });
});
