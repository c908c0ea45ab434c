// Frames come in their order and once, from wherever they are read, and however often.

import { describe, expect, it } from "vitest";
import { positionOf, Succession } from "./succession.ts";

const at = (cluster: number) => positionOf(0, cluster * 1000);

/** Counters of one key in a cluster. */
function take(succession: Succession, track: number, cluster: number, ...counters: number[]): boolean {
  return counters.every((counter) => succession.handle(track, at(cluster), { order: 0, counter }));
}

describe("the succession of frames", () => {
  it("is that of counters in each track, whatever others of the sender do", () => {
    const succession = new Succession();
    expect(take(succession, 1, 0, 0, 3, 4)).toBe(true);
    expect(take(succession, 2, 0, 1, 2, 5)).toBe(true);
    expect(take(succession, 1, 1, 6)).toBe(true);
    expect(take(succession, 1, 1, 6)).toBe(false);
    expect(take(succession, 1, 1, 3)).toBe(false);
    expect(take(succession, 2, 1, 5)).toBe(false);
  });

  it("may be read again from a place that is sought", () => {
    const succession = new Succession();
    for (const cluster of [0, 1, 2])
      expect(take(succession, 1, cluster, cluster * 10, cluster * 10 + 1)).toBe(true);
    succession.handleSeek();
    expect(take(succession, 1, 1, 10, 11)).toBe(true);
    expect(take(succession, 1, 2, 20, 21, 22)).toBe(true);
  });

  it("has to fit between what stands before and behind, whichever was read first", () => {
    const succession = new Succession();
    expect(take(succession, 1, 4, 40, 41)).toBe(true);
    succession.handleSeek();
    expect(take(succession, 1, 1, 10, 11)).toBe(true);
    succession.handleSeek();
    expect(take(succession, 1, 2, 41)).toBe(false);
    expect(take(succession, 1, 2, 11)).toBe(false);
    expect(take(succession, 1, 2, 12, 39)).toBe(true);
    expect(take(succession, 1, 2, 40)).toBe(false);
  });

  it("counts anew under a later key, and never again under an earlier one", () => {
    const succession = new Succession();
    expect(succession.handle(1, at(0), { order: 1, counter: 9 })).toBe(true);
    expect(succession.handle(1, at(0), { order: 2, counter: 0 })).toBe(true);
    expect(succession.handle(1, at(1), { order: 1, counter: 10 })).toBe(false);
  });

  it("takes no counter of one track in another, also above what 32 bits hold", () => {
    const succession = new Succession();
    expect(take(succession, 1, 0, 2 ** 40)).toBe(true);
    expect(take(succession, 2, 0, 2 ** 40)).toBe(false);
    expect(take(succession, 2, 0, 2 ** 40 + 4096)).toBe(true);
  });

  it("goes over from file to file", () => {
    const succession = new Succession();
    expect(succession.handle(1, positionOf(0, 2 ** 40), { order: 0, counter: 5 })).toBe(true);
    expect(succession.handle(1, positionOf(1, 100), { order: 0, counter: 6 })).toBe(true);
    expect(succession.handle(1, positionOf(1, 200), { order: 0, counter: 5 })).toBe(false);
  });
});
